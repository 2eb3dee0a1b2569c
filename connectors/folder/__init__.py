"""Folder: files that people or systems put into a local folder."""

from connectors.folder.config import FolderConfig, FolderStream
from connectors.folder.connector import FolderConnector

__all__ = ["FolderConfig", "FolderConnector", "FolderStream"]
