"""What a module leaves behind, uses up or says: its end is the attack, and the order is settled all the same."""
from tests.attack.module_code import raw
from tests.attack.module_probe import ModuleProbe

_UNDECLARED = "^FAILED undeclared_output"
_WRITE = "^FAILED output_write_failed"
_MEMORY = "^FAILED (module_crashed|out_of_memory|memory_limit)"


def _ends(name: str, what: str, body: str, held: str, **other: object) -> ModuleProbe:
    return ModuleProbe(name, what, raw(body), held, **other)  # type: ignore[arg-type]


DISK = (
    _ends("locked-outputs", "locks its outputs directory", "os.chmod(out, 0)",
          "^(COMPLETED|FAILED output_write_failed)"),
    _ends("locked-inside", "locks a directory inside its dir output", '''
        (out / "tree" / "a").mkdir(parents=True)
        (out / "tree" / "a" / "b").write_text("x")
        os.chmod(out / "tree" / "a", 0)
        os.chmod(out / "tree", 0)''', "^(COMPLETED|FAILED output_write_failed)", tree=True),
    _ends("locked-file", "locks its output file", 'os.chmod(out / "seen.txt", 0)',
          "^(COMPLETED|FAILED output_write_failed)"),
    _ends("deep-tree", "nests 1,500 directories", '''
        at = os.open(out / ".", os.O_RDONLY)
        for _ in range(1500):
            os.mkdir("d", dir_fd=at)
            below = os.open("d", os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = below''', "^FAILED (output_write_failed|undeclared_output|output_too_large)"),
    _ends("deep-tree-declared", "nests 1,500 directories inside its dir output", '''
        (out / "tree").mkdir()
        at = os.open(out / "tree", os.O_RDONLY)
        for _ in range(1500):
            os.mkdir("d" * 200, dir_fd=at)
            below = os.open("d" * 200, os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = below
        os.close(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=at))''',
          "^FAILED (output_write_failed|undeclared_output|output_too_large)", tree=True),
    _ends("many-files", "makes 60,000 files", '''
        (out / "tree").mkdir()
        for number in range(60000):
            os.close(os.open(out / "tree" / str(number), os.O_CREAT | os.O_WRONLY))''',
          "^(COMPLETED|FAILED (output_write_failed|output_too_large|timed_out))", tree=True),
    _ends("link-output", "makes its output a link to the ledger", '''
        (out / "seen.txt").unlink()
        (out / "seen.txt").symlink_to(bait["root"] + "/.billing-state/journal.csv")''', _UNDECLARED),
    _ends("link-inside", "puts a link to another tenant into its dir output", '''
        (out / "tree").mkdir()
        (out / "tree" / "a").symlink_to(bait["root"] + "/tenants/victim")''', _UNDECLARED, tree=True),
    _ends("link-as-directory", "makes its dir output a link", '''
        (out / "tree").symlink_to(bait["root"] + "/tenants/victim/assets")''', _UNDECLARED, tree=True),
    _ends("outputs-are-a-link", "exchanges its outputs directory for a link", '''
        import shutil
        shutil.rmtree(out)
        out.symlink_to(bait["root"] + "/tenants/victim/assets")''', "^(FAILED|COMPLETED nothing was tried)"),
    _ends("outputs-are-a-file", "exchanges its outputs directory for a file", '''
        import shutil
        shutil.rmtree(out)
        out.write_text("x")''', "^(FAILED|COMPLETED nothing was tried)"),
    _ends("outputs-are-gone", "removes its outputs directory", '''
        import shutil
        shutil.rmtree(out)''', "^(FAILED|COMPLETED nothing was tried)"),
    _ends("hard-link", "makes its output a hard link", '''
        (out / "seen.txt").unlink()
        (out.parent / "scratch" / "x").write_text("x")
        os.link(out.parent / "scratch" / "x", out / "seen.txt")''', "^FAILED"),
    _ends("pipe-output", "makes its output a pipe", '''
        (out / "seen.txt").unlink()
        os.mkfifo(out / "seen.txt")''', _UNDECLARED),
    _ends("socket-output", "makes its output a socket", '''
        (out / "seen.txt").unlink()
        os.chdir(out)
        socket.socket(socket.AF_UNIX).bind("seen.txt")''', _UNDECLARED),
    _ends("undeclared", "makes a file that its contract does not declare", '(out / "more.txt").write_text("x")',
          _UNDECLARED),
    _ends("directory-for-file", "makes a directory where a file is declared", '''
        (out / "seen.txt").unlink()
        (out / "seen.txt").mkdir()''', _UNDECLARED),
    _ends("line-break-name", "names a file with a line break", '''
        (out / "tree").mkdir()
        (out / "tree" / "a\\n::error::b").write_text("x")''', "^FAILED undeclared_output", tree=True),
    _ends("escape-name", "names a file with a terminal's escape", '''
        (out / "tree").mkdir()
        (out / "tree" / "a\\x1b[31mb").write_text("x")''', "^FAILED undeclared_output", tree=True),
    _ends("not-utf8-name", "names a file with bytes that are not text", '''
        (out / "tree").mkdir()
        os.close(os.open(os.fsencode(out) + b"/tree/a\\xff", os.O_CREAT | os.O_WRONLY))''', _UNDECLARED, tree=True),
    _ends("sparse", "makes a sparse file of 8 TiB", '''
        with open(out / "seen.txt", "wb") as file:
            file.truncate(8 << 40)''', "^FAILED"),
    _ends("large-file", "writes more than it may", '''
        with open(out / "seen.txt", "wb") as file:
            for _ in range(80):
                file.write(b"x" * (1 << 20))''', "^FAILED output_too_large"),
    _ends("large-in-parts", "writes more than it may, in small files", '''
        (out / "tree").mkdir()
        for number in range(80):
            (out / "tree" / str(number)).write_bytes(b"x" * (1 << 20))''', "^FAILED output_too_large", tree=True),
    _ends("large-scratch", "fills its scratch directory", '''
        for number in range(400):
            Path(f"part{number}").write_bytes(b"x" * (1 << 20))
            time.sleep(0.02)''', "^FAILED output_too_large"),
    _ends("large-tmpfs", "fills /tmp beyond its limit", '''
        for number in range(100):
            Path(f"/tmp/attack{os.getpid()}.{number}").write_bytes(b"x" * (1 << 20))''',
          "^FAILED", plain="^(COMPLETED|FAILED)"),
    _ends("large-dev-shm", "fills /dev/shm beyond its limit", '''
        for number in range(100):
            Path(f"/dev/shm/attack{os.getpid()}.{number}").write_bytes(b"x" * (1 << 20))''',
          "^FAILED", plain="^(COMPLETED|FAILED)"),
)
MACHINE = (
    _ends("memory", "takes more memory than it may", 'held = bytearray(400 << 20)', "^FAILED"),
    _ends("memory-of-children", "lets five children take 200 MiB each", '''
        code = "import time; held = bytearray(200 << 20); held[::4096] = b'x' * len(held[::4096]); time.sleep(2)"
        children = [subprocess.Popen([sys.executable, "-S", "-c", code]) for _ in range(5)]
        if not any([child.wait() for child in children]):
            (out / "seen.txt").write_text("reached: 1000 MiB")''',
          "^(FAILED|COMPLETED nothing was tried|NO CGROUP)", needs="cgroup"),
    _ends("memory-of-memfds", "keeps 600 MiB in memory files", '''
        for number in range(6):
            handle = os.memfd_create(str(number))
            for _ in range(100):
                os.write(handle, b"x" * (1 << 20))
        (out / "seen.txt").write_text("reached: 600 MiB")''', "^(FAILED|NO CGROUP)", needs="cgroup"),
    _ends("processes", "starts processes without end", '''
        import contextlib
        started = 0
        with contextlib.suppress(OSError):
            for _ in range(1500):
                if os.fork() == 0:
                    time.sleep(60)
                    os._exit(0)
                started += 1
        (out / "seen.txt").write_text(f"{'reached' if started > 600 else 'refused'}: {started}")''',
          "^(COMPLETED refused|FAILED)"),
    _ends("threads", "starts threads without end", '''
        threading.stack_size(65536)
        started = 0
        try:
            for _ in range(1500):
                threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
                started += 1
        except RuntimeError:
            pass
        (out / "seen.txt").write_text(f"{'reached' if started > 600 else 'refused'}: {started}")
        os._exit(0)''', "^FAILED module_exited"),
    _ends("never-ends", "never ends", "time.sleep(600)", "^FAILED timed_out"),
    _ends("ignores-signals", "ignores every signal it can", '''
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        time.sleep(600)''', "^FAILED timed_out"),
    _ends("stops-itself", "stops itself", "os.kill(os.getpid(), signal.SIGSTOP)", "^FAILED timed_out"),
    _ends("busy", "uses the processor without end", '''
        while True:
            pass''', "^FAILED timed_out"),
    _ends("survivor", "leaves a process behind in a session of its own", '''
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.environ.clear()
                os.execv(sys.executable, [sys.executable, "-S", "-c",
                                          "import time; time.sleep(77)", bait["mark"]])
            os._exit(0)
        time.sleep(0.2)''', "^(NO CGROUP, and the record says so; )?(COMPLETED|FAILED)",
          plain="^(NO CGROUP, and the record says so; (LEFT ALIVE.*; )?)?(COMPLETED|FAILED)", needs="cgroup",
          survivor=True),
    _ends("log-flood", "prints 200 MB", '''
        for _ in range(200):
            sys.stdout.write("x" * (1 << 20))''', "^COMPLETED"),
    _ends("log-lines", "prints commands of a workflow", '''
        print("::error::forged\\n##[error]forged\\n::set-output name=x::y")''', "^COMPLETED"),
    _ends("log-bytes", "prints bytes that are not text", '''
        os.write(1, bytes(range(256)) * 100)''', "^COMPLETED"),
)
ANSWERS = (
    _ends("says-secrets-missing", "fails with a reason that keeps its charge", '''
        return {"status": "FAILED", "reason_slug": "secrets_missing", "message": "pay me"}''', "^FAILED module_failed"),
    _ends("says-no-credits", "fails with the platform's own reason", '''
        return {"status": "FAILED", "reason_slug": "not_enough_credits"}''', "^FAILED module_failed"),
    _ends("says-suspended", "fails as a suspended tenant does", '''
        return {"status": "FAILED", "reason_slug": "tenant_suspended"}''', "^FAILED module_failed"),
    _ends("says-invalid", "fails as an order that is wrong does", '''
        return {"status": "FAILED", "reason_slug": "workorder_invalid"}''', "^FAILED module_failed"),
    _ends("says-internal-error", "fails as the platform does", '''
        return {"status": "FAILED", "reason_slug": "internal_error"}''', "^FAILED module_failed"),
    _ends("says-delivery-missing", "fails with a delivery's reason that keeps its charge", '''
        return {"status": "FAILED", "reason_slug": "delivery_missing"}''', "^FAILED module_failed"),
    _ends("says-unverified", "fails as a delivery with an unknown result", '''
        return {"status": "FAILED", "reason_slug": "unverified"}''', "^FAILED module_failed"),
    _ends("says-needs-decision", "asks for a decision", '''
        return {"status": "NEEDS_DECISION", "reason_slug": "unverified"}''', "^FAILED malformed_result"),
    _ends("says-superseded", "fails as superseded work does", '''
        return {"status": "FAILED", "reason_slug": "superseded"}''', "^FAILED module_failed"),
    _ends("says-skipped", "says that it was skipped", 'return {"status": "SKIPPED"}', "^FAILED malformed_result"),
    _ends("says-nothing", "returns nothing", "return None", "^FAILED malformed_result"),
    _ends("says-a-list", "returns a list", 'return ["COMPLETED"]', "^FAILED malformed_result"),
    _ends("says-an-object", "returns an object whose text lies", '''
        class Lie(dict):
            def get(self, name, other=None):
                raise KeyboardInterrupt
        return Lie()''', "^FAILED"),
    _ends("says-too-much", "returns a message of 50 MB", '''
        return {"status": "FAILED", "message": "x" * (50 << 20)}''', "^FAILED module_failed"),
    _ends("says-half-characters", "returns half a character", '''
        return {"status": "FAILED", "message": "\\ud800 \\x00 \\x1b[2J"}''', "^FAILED module_failed"),
    _ends("says-lines", "returns a message of many lines", '''
        return {"status": "FAILED", "message": "a\\n::error::forged\\n##[error]forged"}''', "^FAILED module_failed"),
    _ends("says-odd-reason", "returns a reason that is no slug", '''
        return {"status": "FAILED", "reason_slug": "../../x\\n", "message": "x"}''', "^FAILED module_failed"),
    _ends("forges-answer", "writes the answer itself and dies", '''
        for name in os.listdir("/proc/self/fd"):
            try:
                os.pwrite(int(name), b"load\\0run\\0returned\\0COMPLETED\\0\\0\\0", 0)
            except OSError:
                pass
        os._exit(7)''', "^FAILED"),
    _ends("forges-record", "writes a record beside its outputs that says COMPLETED", '''
        try:
            (out.parent / "run.json").write_text('{"status": "COMPLETED", "forged": true}')
        except OSError:
            pass
        return {"status": "FAILED", "message": "forged"}''', "^FAILED module_failed: forged"),
    _ends("exits", "exits with status 0", "sys.exit(0)", "^FAILED module_exited"),
    _ends("exits-hard", "exits without a word", "os._exit(0)", "^FAILED module_exited"),
    _ends("crashes", "ends in a segmentation fault", "ctypes.string_at(0)", "^FAILED module_crashed"),
    _ends("kills-itself", "kills itself", "os.kill(os.getpid(), signal.SIGKILL)", "^FAILED module_crashed"),
    _ends("kills-its-group", "kills its whole group", "os.killpg(0, signal.SIGKILL)", "^FAILED"),
    _ends("kills-everything", "kills every process that it may",
          "os.kill(-1, signal.SIGKILL) if bait['boxed'] else os.kill(os.getpid(), signal.SIGKILL)", "^FAILED"),
    _ends("closes-handles", "closes all handles", '''
        os.closerange(0, 1024)''', "^FAILED|^COMPLETED"),
    _ends("raises-interrupt", "raises KeyboardInterrupt", "raise KeyboardInterrupt", "^FAILED module_crashed"),
    _ends("imports-ledger", "imports the ledger", '''
        try:
            import platform.ledger.journal.ledger
            (out / "seen.txt").write_text("reached: the ledger's code")
        except ImportError as error:
            (out / "seen.txt").write_text(f"refused: {error}")''', "^COMPLETED refused"),
    _ends("imports-model", "imports what it may not", '''
        try:
            from platform.model import digest
            (out / "seen.txt").write_text("reached: the model")
        except ImportError as error:
            (out / "seen.txt").write_text(f"refused: {error}")''', "^COMPLETED refused"),
    _ends("recursion", "recurses until the stack ends", '''
        sys.setrecursionlimit(10**9)
        def deeper(): return deeper()
        deeper()''', "^FAILED"),
)
LEAVE = (*DISK, *MACHINE, *ANSWERS)
