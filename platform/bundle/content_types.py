"""What a file is: the model's table, so that a package says of a file what its run record says."""
from platform.model.content_type import UNKNOWN, content_type

__all__ = ["UNKNOWN", "content_type"]
