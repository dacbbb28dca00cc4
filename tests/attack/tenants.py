"""What a tenant tries who may edit only its own directory: links, special files, hostile YAML, other people's ids."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.attack.probe import Probe

STOPPED = r"^NOT RUN, paid 0, named"  # nothing ran, nothing was charged, and a line of the run names the tenant's file
HARMLESS = r"^COMPLETED"
FAILED = r"^FAILED \w+, paid 0"
EITHER = r"^(NOT RUN, paid 0, named|COMPLETED|FAILED \w+, paid 0)"


def say(value: Any, **more: Any) -> list[dict[str, Any]]:
    """The one step of most orders: it writes a value where the tenant sees it."""
    return [{"step_id": "say", "module_id": "say", "kind": "transform", "inputs": {"text": value}, **more}]


def packed(**binding: Any) -> list[dict[str, Any]]:
    """An order that packs one thing and delivers it to the tenant's directory."""
    return [*say("tea", deliverables=["said"]),
            {"step_id": "pack", "module_id": "package_std", "kind": "packaging", "deliverables": ["package_artifacts"],
             "inputs": {"bound_outputs": [binding]}},
            {"step_id": "put", "module_id": "deliver_folder", "kind": "delivery",
             "inputs": {"package_zip": {"from_step": "pack", "output_id": "package_zip"}}}]


def asset(path: str) -> list[dict[str, Any]]:
    return say({"asset": path, "selector": "text"})


@dataclass(frozen=True, slots=True)
class TenantProbe:
    """`steps` are the order's, or `text` is its file. Paths are below the tenant's directory. In targets of `links` and
    in `text`, {root} is the repository and {me} the tenant's id. `special`: path to fifo, socket or device."""

    name: str
    what: str
    steps: list[dict[str, Any]] = field(default_factory=list)
    held: str = STOPPED
    text: str | bytes = ""
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    hard: Mapping[str, str] = field(default_factory=dict)
    special: Mapping[str, str] = field(default_factory=dict)
    sparse: Mapping[str, int] = field(default_factory=dict)
    order: Mapping[str, Any] = field(default_factory=dict)
    tenant: Mapping[str, Any] = field(default_factory=dict)
    step: str = "say"  # the step that is looked at

    @property
    def probe(self) -> Probe:
        return Probe("tenant", self.name, self.what, self.held)


_SECRET = "assets/secret.txt"
LINKS = (
    TenantProbe("assets-link-root", "makes assets a link to the repository",
                asset("tenants/victim/assets/secret.txt"), links={"assets": "../.."}),
    TenantProbe("assets-link-proc", "makes assets a link to /proc/self, and takes environ", asset("environ"),
                links={"assets": "/proc/self"}),
    TenantProbe("assets-link-victim", "makes assets a link to another tenant's", asset("secret.txt"),
                links={"assets": "../victim/assets"}),
    TenantProbe("assets-link-dev", "makes assets a link to /dev", asset("stdin"), links={"assets": "/dev"}),
    TenantProbe("assets-link-fd", "makes assets a link to the open handles of the process", asset("0"),
                links={"assets": "/proc/self/fd"}),
    TenantProbe("assets-link-root-of-process", "goes through /proc/self/root", asset("etc/passwd"),
                links={"assets": "/proc/self/root"}),
    TenantProbe("asset-link", "makes an asset a link to another tenant's", asset("a.txt"),
                links={"assets/a.txt": "../../victim/assets/secret.txt"}),
    TenantProbe("asset-link-absolute", "makes an asset an absolute link", asset("a.txt"),
                links={"assets/a.txt": "{root}/tenants/victim/assets/secret.txt"}),
    TenantProbe("asset-link-own", "makes an asset a link to an asset of its own", asset("a.txt"),
                files={"assets/b.txt": "b"}, links={"assets/a.txt": "b.txt"}),
    TenantProbe("asset-link-of-link", "makes an asset a link to a link", asset("a.txt"),
                links={"assets/a.txt": "b.txt", "assets/b.txt": "../../victim/assets/secret.txt"}),
    TenantProbe("asset-link-dangling", "makes an asset a link to nothing", asset("a.txt"),
                links={"assets/a.txt": "nowhere"}),
    TenantProbe("asset-link-self", "makes an asset a link to itself", asset("a.txt"), links={"assets/a.txt": "a.txt"}),
    TenantProbe("asset-directory-link", "makes a directory of its assets a link", asset("sub/secret.txt"),
                links={"assets/sub": "../../victim/assets"}),
    TenantProbe("asset-hard-link", "makes an asset a hard link to another tenant's", asset("a.txt"),
                hard={"assets/a.txt": "{root}/tenants/victim/assets/secret.txt"}),
    TenantProbe("asset-pipe", "makes an asset a pipe that nobody writes to", asset("a.txt"),
                special={"assets/a.txt": "fifo"}),
    TenantProbe("asset-socket", "makes an asset a socket", asset("a.txt"), special={"assets/a.txt": "socket"}),
    TenantProbe("asset-is-a-directory", "names a directory as an asset", asset("sub"), files={"assets/sub/a.txt": "a"}),
    TenantProbe("asset-sparse", "makes an asset of 4 TiB", asset("a.txt"), sparse={"assets/a.txt": 4 << 40}),
    TenantProbe("tenant-link", "makes its whole directory a link to another tenant's", links={".": "victim"}),
    TenantProbe("orders-link", "makes workorders a link to another tenant's",
                links={"workorders": "../victim/workorders"}),
    TenantProbe("order-link", "makes its order a link to another tenant's",
                links={"workorders/order.yml": "../../victim/workorders/own.yml"}),
    TenantProbe("order-link-passwd", "makes its order a link to the machine's users",
                links={"workorders/order.yml": "/etc/passwd"}),
    TenantProbe("order-pipe", "makes its order a pipe", special={"workorders/order.yml": "fifo"}),
    TenantProbe("tenant-yml-link", "makes tenant.yml a link to another tenant's", say("tea"),
                links={"tenant.yml": "../victim/tenant.yml"}),
    TenantProbe("tenant-yml-pipe", "makes tenant.yml a pipe", say("tea"), special={"tenant.yml": "fifo"}),
)
PATHS = (
    TenantProbe("asset-up", "names an asset above its directory", asset("../../victim/assets/secret.txt")),
    TenantProbe("asset-up-inside", "names an asset above its directory, by a .. inside the path",
                asset("a/../../../victim/assets/secret.txt"), files={"assets/a/b": "b"}),
    TenantProbe("asset-absolute", "names an asset by an absolute path", asset("/etc/passwd")),
    TenantProbe("asset-backslash", "names an asset with backslashes", asset("..\\..\\victim\\assets\\secret.txt")),
    TenantProbe("asset-nul", "names an asset with a NUL", text='''work_order_id: order
steps: [{{step_id: say, module_id: say, kind: transform, inputs: {{text: {{asset: "a\\0b", selector: text}}}}}}]
'''),
    TenantProbe("asset-long", "names an asset of 5,000 characters", asset("a/" * 2500)),
    TenantProbe("asset-empty", "names an empty asset", asset("")),
    TenantProbe("asset-line-break", "names an asset with a line break and a workflow's command",
                asset("a\n::error::forged")),
    TenantProbe("from-file-up", "binds a file above a step's outputs", packed(from_step="say",
                from_file="../run.json")),
    TenantProbe("from-file-absolute", "binds a file by an absolute path",
                packed(from_step="say", from_file="/etc/passwd")),
    TenantProbe("from-other-order", "binds a step of another tenant's order",
                packed(from_step="victim/own/say", output_id="said")),
    TenantProbe("as-path-up", "names a file in its package above the package",
                packed(from_step="say", output_id="said", as_path="../../said.txt")),
    TenantProbe("as-path-absolute", "names a file in its package by an absolute path",
                packed(from_step="say", output_id="said", as_path="/etc/said.txt")),
    TenantProbe("as-path-drive", "names a file in its package by a drive",
                packed(from_step="say", output_id="said", as_path="C:said.txt")),
    TenantProbe("as-path-device", "names a file in its package as a device",
                packed(from_step="say", output_id="said", as_path="CON.txt")),
    TenantProbe("as-path-manifest", "names a file in its package as the manifest",
                packed(from_step="say", output_id="said", as_path="manifest.json")),
    TenantProbe("as-path-bidi", "names a file in its package with a bidi override",
                packed(from_step="say", output_id="said", as_path="said\u202etxt.exe")),
    TenantProbe("module-up", "names a module above the modules",
                [{"step_id": "say", "module_id": "../tenants/{me}", "kind": "transform"}]),
    TenantProbe("path-as-value", "gives a path where a file is expected",
                say("tea", inputs={"text": "tea", "after": {"path": "{root}/tenants/victim/assets/secret.txt"}})),
    TenantProbe("text-as-path", "gives a text where a file is expected",
                say("tea", inputs={"text": "tea", "after": "/etc/passwd"})),
    TenantProbe("platform-input", "sets the platform's own input",
                say("tea", inputs={"text": "tea", "_platform": {"tenant_id": "victim"}})),
)
IDS = (
    TenantProbe("other-tenants-id", "says in tenant.yml that it is another tenant", say("tea"),
                tenant={"tenant_id": "victim"}),
    TenantProbe("other-order-id", "gives its order another id", say("tea"), order={"work_order_id": "own"}),
    TenantProbe("step-id-path", "gives a step a path as its id", [{**say("tea")[0], "step_id": "../../victim"}]),
    TenantProbe("unknown-field", "gives a step a field that nobody knows", say("tea", price_credits=0)),
    TenantProbe("kind-lies", "says that a transform is a delivery", [{**say("tea")[0], "kind": "delivery"}]),
    TenantProbe("retries-many", "asks for a billion retries", say("tea", retries=10**9)),
    TenantProbe("timeout-long", "asks for a time-out of a century", say("tea", timeout_s=3_153_600_000)),
    TenantProbe("timeout-negative", "asks for a negative time-out", say("tea", timeout_s=-1)),
    TenantProbe("title-commands", "writes a workflow's command into its title", say("tea"), HARMLESS,
                order={"metadata": {"title": "::error::forged ##[error]forged"}}),
    TenantProbe("cron-odd", "writes a schedule that never comes", say("tea"), EITHER,
                order={"schedule_cron": "0 0 31 2 *"}),
    TenantProbe("cron-huge", "writes a schedule of 100,000 characters", say("tea"),
                order={"schedule_cron": ",".join(["0"] * 50_000) + " * * * *"}),
    TenantProbe("cycle", "lets two steps wait for each other",
                [{**say("tea")[0], "needs": ["two"]}, {**say("tea")[0], "step_id": "two", "needs": ["say"]}]),
)
YAML = (
    TenantProbe("yaml-aliases", "writes an alias bomb",
                text="a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n"),
    TenantProbe("yaml-deep", "nests 100,000 lists", text="a: " + "[" * 100_000),
    TenantProbe("yaml-tag", "asks for a Python object",
                text="a: !!python/object/apply:os.system ['touch /tmp/attacked']\n"),
    TenantProbe("yaml-duplicate", "writes a key twice",
                text="work_order_id: order\nenabled: false\nenabled: true\nsteps: []\n"),
    TenantProbe("yaml-merge", "merges maps", text="work_order_id: order\n<<: {{enabled: true}}\nsteps: []\n"),
    TenantProbe("yaml-large", "writes 5 MB",
                text="work_order_id: order\nmetadata: {{notes: '" + "x" * 5_000_000 + "'}}\n"),
    TenantProbe("yaml-second", "writes a second document", text="work_order_id: order\nsteps: []\n---\na: b\n"),
    TenantProbe("yaml-nul", "writes a NUL", text=b"work_order_id: order\0\n"),
    TenantProbe("yaml-not-utf8", "writes bytes that are not text", text=b"work_order_id: \xff\xfe\n"),
    TenantProbe("yaml-utf16", "writes UTF-16", text="work_order_id: order\n".encode("utf-16")),
    TenantProbe("yaml-infinity", "gives a number that JSON cannot write", say(float("inf"))),
    TenantProbe("yaml-long-number", "gives a number of 10,000 digits", text="work_order_id: order\nsteps:\n"
                "  - {{step_id: say, module_id: say, kind: transform, timeout_s: " + "9" * 10_000 + "}}\n"),
    TenantProbe("yaml-long-decimal", "gives a decimal of 10,000 digits and exponent",
                text="work_order_id: order\nsteps:\n"
                "  - {{step_id: say, module_id: say, kind: transform, timeout_s: 1e" + "9" * 10_000 + "}}\n"),
    TenantProbe("yaml-list", "writes a list where a map belongs", text="[1, 2]\n"),
    TenantProbe("yaml-empty", "writes nothing", text="\n"),
    TenantProbe("many-steps", "writes 1,200 steps", [{**say("tea")[0], "step_id": f"s{n}"} for n in range(1200)],
                EITHER,
                step="s0"),
    TenantProbe("json-asset-infinity", "binds a JSON number that nobody can write again",
                say({"asset": "a.json", "selector": "json", "json_path": "$.a"}), FAILED,
                files={"assets/a.json": '{"a": 1e999}'}),
    TenantProbe("json-asset-deep", "binds JSON of 100,000 levels",
                say({"asset": "a.json", "selector": "json", "json_path": "$.a"}), FAILED,
                files={"assets/a.json": '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"}),
    TenantProbe("json-asset-half", "binds half a character",
                say({"asset": "a.json", "selector": "json", "json_path": "$.a"}), FAILED,
                files={"assets/a.json": '{"a": "\\ud800"}'}),
    TenantProbe("json-asset-digits", "binds a number of 10,000 digits",
                say({"asset": "a.json", "selector": "json", "json_path": "$.a"}), FAILED,
                files={"assets/a.json": '{"a": ' + "9" * 10_000 + "}"}),
    TenantProbe("text-asset-binary", "binds bytes that are not text", asset("a.txt"), FAILED,
                files={"assets/a.txt": b"\xff\xfe\x00"}),
)
PROBES = (*LINKS, *PATHS, *IDS, *YAML)
