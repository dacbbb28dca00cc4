"""What a module tries to reach that is not its own: files, processes, the network, the kernel."""
from tests.attack.module_code import attempt
from tests.attack.module_probe import ModuleProbe
from tests.attack.probe import NOT_DEFENDED

_OPEN = f"^COMPLETED {NOT_DEFENDED}"
_REFUSED = "^COMPLETED refused"
_KILLED = "^(COMPLETED refused|FAILED module_crashed: it was killed by SIGSYS)"
_FILTERED = r"^COMPLETED refused: \w+ \[Errno (1|38)\]"  # EPERM, ENOSYS: what the filter answers, and no other


def _reads(name: str, what: str, path: str, *, plain: str = _OPEN, as_user: str = "") -> ModuleProbe:
    return ModuleProbe(name, what, attempt(f"return first_read([{path}])"), _REFUSED, plain, as_user)


def _does(name: str, what: str, body: str, *, held: str = _REFUSED, plain: str = _OPEN) -> ModuleProbe:
    return ModuleProbe(name, what, attempt(body), held, plain)


def _calls(name: str, what: str, body: str) -> ModuleProbe:
    """A system call that no step needs: the filter refuses it in every sandbox."""
    return ModuleProbe(name, what, attempt(body), _FILTERED)


FILES = (
    _reads("read-ledger", "reads the ledger", 'bait["root"] + "/.billing-state/journal.csv"'),
    _reads("read-other-tenant", "reads another tenant's asset", 'bait["root"] + "/tenants/victim/assets/secret.txt"'),
    _reads("read-other-order", "reads another tenant's order", 'bait["root"] + "/tenants/victim/workorders/own.yml"'),
    _reads("read-other-result", "reads another tenant's result",
           'bait["root"] + "/runtime/victim/own/say/outputs/said.txt"', plain="^COMPLETED"),
    _reads("read-config", "reads the operator's prices", 'bait["root"] + "/config/module_prices.csv"'),
    _reads("read-profile", "reads the runtime profile", 'bait["root"] + "/config/runtime_profile.yml"'),
    _reads("read-other-module", "reads another module's code", 'bait["root"] + "/modules/say/src/run.py"'),
    _reads("read-store", "reads doit's store", 'bait["root"] + "/runtime/doit.db"'),
    _reads("read-root-directory", "lists the operator's files in the repository",
           'bait["root"] + "/config", bait["root"] + "/.billing-state", bait["root"] + "/tenants"'),
    _reads("read-beside-its-outputs", "reads files next to its outputs directory",
           'str(out.parent / "log.txt"), str(out.parent / "run.json")'),
    _reads("read-home", "reads a key in the operator's home directory", 'bait["home"] + "/.ssh/id_ed25519"'),
    _reads("read-git", "reads the repository's .git", 'bait["root"] + "/.git/config", bait["root"] + "/.git"',
           plain="^COMPLETED refused"),
    _reads("read-passwd", "reads the machine's users", '"/etc/passwd"'),
    _reads("read-shadow", "reads the machine's passwords", '"/etc/shadow"', as_user=_REFUSED),
    _reads("read-root-link", "follows /proc/self/root to leave the sandbox",
           '"/proc/self/root" + bait["root"] + "/.billing-state/journal.csv"'),
    _reads("read-init-root", "follows the first process's root", '"/proc/1/root" + bait["root"] + "/config"',
           plain="^COMPLETED"),
    _reads("read-var", "lists /var", '"/var/lib"'),
    _reads("read-run", "lists /run", '"/run"', plain=_OPEN),
    _does("write-repository", "writes into the repository", '''
        Path(bait["root"], "config", "attack.txt").write_text("x")
        return "config/attack.txt"'''),
    _does("write-ledger", "appends to the journal", '''
        with open(bait["root"] + "/.billing-state/journal.attack", "a") as file:
            file.write("x")
        return "a file beside the journal"'''),
    _does("write-own-code", "changes its own code", '''
        path = Path(__file__).with_name("attack.py")
        path.write_text("x")
        path.unlink()
        return "its src directory"'''),
    _does("write-system", "writes into /usr", '''
        path = Path("/usr/attack")
        path.write_text("x")
        path.unlink()
        return path''', plain="^COMPLETED"),
    _does("write-other-tenant", "writes into another tenant's results", '''
        folder = Path(bait["root"], "runtime", "victim")
        (folder / "attack").write_text("x")
        (folder / "attack").unlink()
        return folder'''),
    _does("remount", "makes the system writable again", '''
        subprocess.run(["mount", "-o", "remount,rw", "/usr"], check=True, capture_output=True)
        return "remounted"''', plain="^COMPLETED"),
    _does("hard-link-in", "links the ledger into its outputs", '''
        os.link(bait["root"] + "/.billing-state/journal.csv", out / "../stolen")
        return "linked"'''),
)
def _asks(name: str, secret: str) -> ModuleProbe:
    """A secret that the operator did not grant: the order is refused before anything is charged."""
    return ModuleProbe(name, f"asks for {secret} in its contract", attempt(f"return os.environ[{secret!r}]"),
                       "^NOT RUN", secrets=(secret,))


ASKS = (
    _asks("ask-signing-key", "PLATFORM_SIGNING_KEY"),
    _asks("ask-token", "GITHUB_TOKEN"),
    _asks("ask-operators-variable", "OPERATORS_TOKEN"),
    _asks("ask-path", "PATH"),
)
PROCESSES = (
    _does("parent-environment", "reads the environment of the process that started it", '''
        for name in os.listdir("/proc"):
            try:
                if name.isdigit() and b"OPERATORS_TOKEN" in open(f"/proc/{name}/environ", "rb").read():
                    return "one has the operator's token"
            except OSError:
                pass
        raise OSError("none that it can read has the operator's token")''', plain="^COMPLETED"),
    _does("own-environment", "looks for the operator's variables in its own environment", '''
        found = [name for name in os.environ if "TOKEN" in name or "KEY" in name]
        if not found:
            raise OSError("none is there")
        return found''', plain=_REFUSED),
    _does("other-processes", "sees the machine's other processes", '''
        found = [name for name in os.listdir("/proc") if name.isdigit()]
        if len(found) <= 3:
            raise OSError("only its own")
        return len(found)'''),
    _does("signal-parent", "stops the process that started it", '''
        parent = os.getppid()
        if parent <= 1:
            raise OSError("its parent is its own box")
        os.kill(parent, 0)
        return "it may send signals"''', held=_REFUSED),
    _does("open-handles", "uses a handle that was left open", '''
        found = []
        for name in os.listdir("/proc/self/fd"):
            try:
                target = os.readlink(f"/proc/self/fd/{name}")
            except OSError:
                continue
            if bait["root"] in target and "/runtime/" not in target or ".billing-state" in target:
                found.append(target)
        if not found:
            raise OSError("no handle leads out")
        return found''', plain=_REFUSED),
    _does("answer-pipe", "finds no process of the host to debug", '''
        text = open("/proc/self/status").read()
        if "NoNewPrivs:\\t1" in text:
            raise OSError("no new privileges")
        return "it could gain privileges"''', plain=_REFUSED),
    _does("setuid-program", "gains privileges by a setuid program", '''
        done = subprocess.run(["su", "-c", "id -u", "root"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode or os.getuid() == 0:
            raise OSError(done.stderr or "it is root already")
        return done.stdout''', plain=_REFUSED),
    _does("capabilities", "has a capability", '''
        line = next(line for line in open("/proc/self/status") if line.startswith("CapEff"))
        if int(line.split()[1], 16) == 0:
            raise OSError("it has none")
        return line''', plain="^COMPLETED"),
)
NETWORK = (
    _does("tcp-loopback", "connects to a server of this machine", '''
        with socket.create_connection(("127.0.0.1", bait["port"]), timeout=5):
            return "connected"'''),
    _does("tcp-ipv6", "connects by IPv6", '''
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as link:
            link.settimeout(5)
            link.connect(("::ffff:127.0.0.1", bait["port"]))
            return "connected"'''),
    _does("udp", "sends a datagram to a server of this machine", '''
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.sendto(b"x", ("192.0.2.1", 9))
            return "sent"''', plain="^COMPLETED"),
    _does("name-lookup", "asks for a name", '''
        return socket.getaddrinfo("example.invalid", 80)''', plain="^COMPLETED"),
    _does("unix-socket", "connects to a socket of the operator's", '''
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(bait["socket"])
            return "connected"'''),
    _does("abstract-socket", "connects to an abstract socket", '''
        with socket.socket(socket.AF_UNIX) as link:
            link.connect("\\0" + bait["abstract"])
            return "connected"'''),
    _calls("raw-socket", "opens a packet socket", '''
        return socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'''),
    _calls("vsock", "talks to the machine's host", '''
        return socket.socket(40, socket.SOCK_STREAM)'''),
    _calls("kernel-crypto-socket", "opens a socket of the kernel's crypto", '''
        return socket.socket(38, socket.SOCK_SEQPACKET)'''),
)
KERNEL = (
    _calls("ptrace", "traces a process", "return call(101, 0, 0, 0, 0)"),
    _calls("read-other-memory", "reads another process's memory", "return call(310, os.getppid(), 0, 0, 0, 0, 0)"),
    _calls("write-other-memory", "writes another process's memory", "return call(311, os.getppid(), 0, 0, 0, 0, 0)"),
    _calls("mount", "mounts a file system", '''
        return call(165, b"none", b"/nowhere/at/all", b"tmpfs", 0, 0)'''),
    _calls("mount-new-way", "opens a file system by fsopen", 'return call(430, b"tmpfs", 0)'),
    _calls("unmount", "unmounts a file system", 'return call(166, b"/nowhere/at/all", 2)'),
    _calls("pivot-root", "exchanges its root", 'return call(155, b"/", b"/")'),
    _does("chroot", "changes its root", "os.chroot('/tmp')\nreturn 'changed'", plain="^COMPLETED"),
    _calls("user-namespace", "makes a user namespace by unshare", "return call(272, 0x10000000)"),
    _calls("user-namespace-clone", "makes a user namespace by clone", '''
        child = call(56, 0x10000000 | 17, 0, 0, 0, 0)
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        return child'''),
    _calls("clone3", "makes a process by clone3, whose flags no filter sees", '''
        arguments = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, 17)
        child = call(435, ctypes.byref(arguments), ctypes.sizeof(arguments))
        if child == 0:
            os._exit(0)
        return child'''),
    _calls("join-namespace", "joins a namespace", '''
        handle = os.open("/proc/self/ns/net", os.O_RDONLY)
        return call(308, handle, 0)'''),
    _calls("bpf", "loads a program into the kernel", "return call(321, 0, 0, 0)"),
    _calls("userfaultfd", "handles page faults", "return call(323, 1)"),
    _calls("io-uring", "makes a ring for calls that no filter sees", '''
        parameters = (ctypes.c_uint32 * 30)()
        return call(425, 1, ctypes.byref(parameters))'''),
    _calls("keyring", "adds a key to a keyring", 'return call(248, b"user", b"attack", b"x", 1, -3)'),
    _calls("keyctl", "reads keyrings", "return call(250, 0, -3, 1)"),
    _calls("perf-events", "measures the machine", '''
        attributes = (ctypes.c_uint32 * 32)(1, 128)
        return call(298, ctypes.byref(attributes), 0, -1, -1, 0)'''),
    _calls("kernel-log", "reads the kernel's log", '''
        return call(103, 3, ctypes.create_string_buffer(100), 100)'''),
    _calls("load-module", "loads a kernel module", 'return call(175, b"x", 1, b"")'),
    _calls("kexec", "loads another kernel", "return call(246, 0, 0, 0, 0)"),
    _calls("reboot", "turns off control-alt-delete", "return call(169, 0xfee1dead, 672274793, 0, 0)"),
    _calls("swap", "turns on swap", 'return call(167, b"/dev/null", 0)'),
    _calls("open-by-handle", "opens a file by its handle", '''
        handle = (ctypes.c_uint32 * 34)(128, 0)
        return call(304, -100, ctypes.byref(handle), 0)'''),
    _does("host-name", "renames the machine", '''
        socket.sethostname(socket.gethostname())
        return "named"''', plain="^COMPLETED"),
    _does("clock", "sets the clock", '''
        time.clock_settime(time.CLOCK_REALTIME, time.time())
        return "set"''', plain="^COMPLETED"),
    _does("other-architecture", "calls as another architecture does", '''
        return call(0x40000000 + 101, 0, 0, 0, 0)''',
          held=_KILLED, plain=_KILLED),
    _does("type-into-terminal", "types into the operator's terminal", '''
        import fcntl
        handle = os.open("/dev/tty", os.O_RDWR)
        fcntl.ioctl(handle, 0x5412, b"x")
        return "typed"''', plain=_REFUSED),
    _does("device", "makes a device", '''
        os.mknod(out / "../device", 0o60600, os.makedev(8, 0))
        return "made"''', plain="^COMPLETED"),
    _does("raw-disk", "reads the disk", '''
        return first_read([f"/dev/{name}" for name in ("vda", "sda", "nvme0n1", "mem", "kmsg")])''',
          plain="^COMPLETED"),
)
REACH = (*FILES, *ASKS, *PROCESSES, *NETWORK, *KERNEL)
