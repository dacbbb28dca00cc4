"""The program of the child process: run one module. Standard library only; it imports nothing of ours by itself.

    python -I -S child.py JOB.json

The job names the module's src folder, the params, the outputs folder, the limits and where the result goes. The module
may import its siblings, the standard library, what is installed, and of our package only what it is given leave to.
"""
import importlib.util
import json
import resource
import sys
import traceback
from importlib.machinery import ModuleSpec

ALLOWED_ROOMS = frozenset({"delivery", "bundle", "model", "errors", "files"})  # the last three for the first two


class OurPackage:
    """Finds `platform` as our package, and of it the allowed rooms only. Our root itself is not on the path."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name == "platform":
            return importlib.util.spec_from_file_location(
                name, self._folder + "/__init__.py", submodule_search_locations=[self._folder])
        if name.startswith("platform.") and name.split(".")[1] not in ALLOWED_ROOMS:
            raise ImportError(f"{name}: of platform a module may import delivery and bundle, nothing else")
        return None


def limit(limits: dict[str, int]) -> None:
    """Limits of this process and its children; zero is no limit."""
    megabyte = 1 << 20
    for name, value in ((resource.RLIMIT_AS, limits["memory_mb"] * megabyte),
                        (resource.RLIMIT_FSIZE, limits["file_mb"] * megabyte),
                        (resource.RLIMIT_NPROC, limits["processes"]), (resource.RLIMIT_CPU, limits["timeout_s"])):
        if value:
            _, hard = resource.getrlimit(name)
            resource.setrlimit(name, (value, value) if hard == resource.RLIM_INFINITY else (min(value, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(job_file: str) -> None:
    with open(job_file, encoding="utf-8") as file:
        job = json.load(file)
    limit(job["limits"])
    sys.path[:0] = [job["src"]]
    sys.path += job["packages"]
    sys.meta_path.insert(0, OurPackage(job["platform"]))
    sys.dont_write_bytecode = True
    with open(job["result"], "w", encoding="utf-8") as file:
        json.dump(called(job), file)


def called(job: dict[str, object]) -> dict[str, object]:
    """The module's own result under "returned", or how it ended instead."""
    try:
        spec = importlib.util.spec_from_file_location("run", str(job["src"]) + "/run.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["run"] = module
        spec.loader.exec_module(module)
        returned = module.run(job["params"], job["outputs"])
        json.dumps(returned, allow_nan=False)
        return {"returned": returned}
    except SystemExit as error:
        return {"exited": str(error.code)}
    except BaseException as error:  # noqa: BLE001  (whatever a module throws is its outcome, and ours to tell)
        traceback.print_exc()
        return {"crashed": f"{type(error).__name__}: {error}".strip()[:2000]}
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    main(sys.argv[1])
