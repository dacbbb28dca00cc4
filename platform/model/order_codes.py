"""The error codes of orders: their steps, inputs and bindings."""
from platform.model.code import Code

ORDER_CODES: dict[str, Code] = {
    # orders
    "steps-empty": Code("An enabled order has no steps.", "Add one, or set enabled: false."),
    "not-filled-in": Code("A text still says FILL IN, as `new workorder` wrote it.", "Replace it."),
    "duplicate-step": Code("Two steps of an order have the same id.", "Rename one."),
    "unknown-module": Code(
        "modules/ has no such directory.",
        "Use the name that the message proposes."),
    "kind-differs": Code(
        "A step's kind differs from the kind in its module's contract.",
        "Write the contract's kind."),
    "unknown-deliverable": Code(
        "The module sells no such deliverable.",
        "Use one from its contract."),
    "internal-deliverable": Code(
        "Ids that begin with __ are reserved for the platform and cannot be bought.",
        "Remove it."),
    "duplicate-deliverable": Code("A step buys the same deliverable twice.", "Keep one."),
    "policy-packaging": Code(
        "artifacts_requested: true needs an enabled step of kind packaging.",
        "Add one."),
    "policy-delivery": Code(
        "An order that requests or packages artifacts needs an enabled step of kind delivery.",
        "Add one."),
    "bad-cron": Code(
        "A schedule does not have five cron fields, or its time never comes.",
        "Write it as 0 6 * * 1."),
    "unknown-step": Code(
        "A step depends on a step that the order does not have.",
        "Use the name that the message proposes."),
    "disabled-step": Code(
        "A step depends on a step that is not enabled.",
        "Enable that step, or use another."),
    "self-reference": Code("A step depends on itself.", "Name another step."),
    "step-cycle": Code(
        "Steps depend on each other in a cycle, which the message shows.",
        "Remove one dependency."),
    "unknown-promotion": Code("config/promotions.csv has no such code.", "Correct or remove it."),
    "promotion-not-in-force": Code(
        "The promotion starts later or has expired; it grants nothing.",
        "Remove it."),
    # inputs and bindings
    "unknown-input": Code(
        "The module has no such input.",
        "Use the name that the message proposes."),
    "limited-input": Code(
        "Only the platform sets this input, when a deliverable is bought.",
        "Buy the deliverable."),
    "missing-input": Code("The step lacks an input that the module requires.", "Add it."),
    "binding-origin": Code(
        "A binding must name an asset, or a step with either output_id or from_file.",
        "Name exactly one source."),
    "binding-selector": Code(
        "take, json_path or as_path is used with a selector that does not support it.",
        "Remove it, or choose another selector."),
    "binding-type": Code(
        "The value of the binding does not have the input's type.",
        "Choose a selector."),
    "selector-on-folder": Code(
        "A selector reads a file, but the output is a directory.",
        "Name a file with from_file."),
    "bad-json-path": Code(
        "A json_path may only contain $, .name, ['name'] and [0].",
        "Write it as $.items[0].title."),
    "unknown-output": Code(
        "The module's contract has no such output.",
        "Use one of ports.outputs.port."),
    "limited-output": Code(
        "Only the platform may use this output.",
        "Use one of ports.outputs.port."),
    "output-not-bought": Code(
        "The output belongs to a deliverable that is not bought. Inputs of a packaging or "
        "delivery step leave the platform, so they must be bought. For a transform, this is "
        "only a warning about an output that is made for buyers only.",
        "Buy it: add the line from the message to the step that makes the output."),
    "asset-missing": Code("The tenant's assets contain no such file.", "Add the file."),
    "asset-outside": Code(
        "The path leads out of the tenant's assets.",
        "Write a path inside them."),
    "asset-too-large": Code(
        "The asset is larger than limits.file_mb of the runtime profile.",
        "Split it, or raise the limit."),
    "asset-unreadable": Code(
        "This user has no permission to read the asset.",
        "Change its owner or its mode."),
    "bad-as-path": Code(
        "A name in a package is empty, absolute or too long, contains .., \\ or a drive, or is "
        "reserved on some system.",
        "Write it as data/report.json."),
    "as-path-collision": Code(
        "Two names in a package are equal on systems that ignore case or Unicode forms, or one "
        "name is a file and a directory. The same file may be bound twice to its own name.",
        "Rename one."),
    "header-injection": Code(
        "A mail field has a line break, which could add headers.",
        "Write one line."),
    "two-recipients": Code(
        "A field for one address has several.",
        "Write one, and add a step for each other address."),
    "address-needs-smtputf8": Code(
        "A mail address has non-ASCII letters before the @, and the profile does not say that "
        "its mail server accepts them.",
        "Write an ASCII address, or set delivery.email.smtputf8 if the server accepts it."),
    "bad-address": Code("The text is not a mail address.", "Write it as name@example.com."),
}
