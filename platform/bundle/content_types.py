"""The model's table of media types, so that a package and a run record agree."""
from platform.model.content_type import UNKNOWN, content_type

__all__ = ["UNKNOWN", "content_type"]
