"""What partners get back: their own workbook with the bad cells marked, and why, and what to write instead."""

from crossdock.returned.files import ProblemFile, find_file, find_files, standing_issues, waits_for_sender
from crossdock.returned.give_back import Returned, give_back, given_name, name_of

__all__ = [
    "ProblemFile",
    "Returned",
    "find_file",
    "find_files",
    "give_back",
    "given_name",
    "name_of",
    "standing_issues",
    "waits_for_sender",
]
