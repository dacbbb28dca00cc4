"""`python -m platform`: what the standard library's module of that name prints."""
import runpy
from sysconfig import get_path

if __name__ == "__main__":
    runpy.run_path(get_path("stdlib") + "/platform.py", run_name="__main__")
