"""The web pages that staff open from WeCom, and the address that WeCom calls back."""

from crossdock.portal.app import create_app

__all__ = ["create_app"]
