"""Every code that a problem can have, with its cause and its fix.

docs/errors.md lists them, and `explain` prints them.

A code is stable, because scripts and people search for it. A new problem gets a new code, and the
meaning of a code never changes.
"""
from typing import NamedTuple


class Code(NamedTuple):
    cause: str
    cure: str


CODES: dict[str, Code] = {
    # the file itself
    "file-missing": Code("A required file is missing.", "Create it; `new` writes a valid one."),
    "file-unreadable": Code(
        "This user has no permission to read the file.",
        "Change its owner or its mode."),
    "not-a-file": Code(
        "A link, directory, pipe or device is where a regular file must be. Links are not "
        "followed, because a link may lead into another tenant's directory.",
        "Replace it with the file itself."),
    "linked-directory": Code(
        "A symbolic link is where a directory must be. Links are not followed, because the "
        "target may belong to anyone.",
        "Replace it with the directory itself."),
    "hard-link": Code(
        "A tenant's file is a hard link, so it may belong to another tenant or to the "
        "operator. Git does not create hard links.",
        "Copy the file, delete it, and rename the copy."),
    "file-empty": Code("The file is empty or has only comments.", "Write it, or delete it."),
    "file-too-large": Code(
        "A YAML file may have 256 KiB at most, and a CSV file 2 MiB.",
        "Split the file."),
    "file-name": Code("A file in workorders/ is not named <work_order_id>.yml.", "Rename it."),
    "folder-name": Code(
        "A directory in tenants/ or modules/ does not have a valid id as its name, so nothing "
        "can refer to it.",
        "Rename it. If it is not a tenant or module, begin its name with _."),
    "id-differs": Code(
        "The id in a file differs from the name of the file or directory.",
        "Make the id and the name the same."),
    "not-utf8": Code("The file contains bytes that are not UTF-8.", "Save it as UTF-8."),
    "nul-character": Code(
        "The file contains a NUL character, directly or as \\0 in a string.",
        "Remove it."),
    "control-character": Code(
        "The file contains a control character, or a character that hides or reorders the text "
        "around it.",
        "Remove it."),
    "not-json": Code(
        "A proof, quote or statement is not JSON. It was truncated or edited, or it is another "
        "file.",
        "Use the file as the program wrote it."),
    "likely-secret": Code(
        "A text looks like a key, token or password, and the file is in git.",
        "Revoke the secret, and pass the new one in the environment (requirements.secrets)."),
    "too-many-problems": Code(
        "The file has so many errors that checking stopped.",
        "Correct those first."),
    # YAML
    "yaml-syntax": Code(
        "The file is not valid YAML.",
        "Correct the place. Put text with : # [ ] { } or quotes in quotes."),
    "yaml-indentation": Code(
        "A line is not indented like the lines that it belongs to.",
        "Use two spaces for each level."),
    "yaml-tab": Code("The file is indented with a tab.", "Use spaces."),
    "yaml-alias": Code(
        "The file uses an anchor or an alias. A few lines of aliases can expand to billions of "
        "values.",
        "Write the value out."),
    "yaml-tag": Code(
        "The file uses a tag such as !!str, which can name any type.",
        "Remove it. Quotes make a string."),
    "yaml-directive": Code("The file has a directive such as %YAML.", "Remove it."),
    "yaml-merge": Code("The file uses a merge key <<.", "Write the fields out."),
    "yaml-second-document": Code(
        "A line --- begins a second document.",
        "Keep one document in a file."),
    "yaml-too-deep": Code("Lists and maps are nested deeper than 32 levels.", "Flatten them."),
    "yaml-too-many": Code("The file has more than 50,000 values.", "Split it."),
    "yaml-key": Code(
        "A key is not a string, but a number, a boolean, null, a list or a map.",
        "Put it in quotes."),
    "yaml-boolean": Code(
        "yes, no, on and off are strings in YAML 1.2 and booleans in YAML 1.1.",
        "Write true or false."),
    "duplicate-key": Code(
        "A map has a duplicate key. Readers differ in which value they use.",
        "Keep one."),
    "number-ambiguous": Code(
        "Numbers such as 012, 0o14 and 0x1F have different values in different YAML readers.",
        "Write it in decimal, or in quotes if it is text."),
    "number-not-finite": Code(
        "NaN and infinity are not valid JSON values.",
        "Write a finite number."),
    "number-too-large": Code(
        "An integer must be below 2^63, and another number must fit a double.",
        "Write a smaller one, or put it in quotes if it is text."),
    # CSV
    "csv-header": Code(
        "The header lacks a column, or has an unknown or duplicate column.",
        "Write the header as docs/schemas.md shows it."),
    "csv-fields": Code(
        "A row has more or fewer fields than the header.",
        "Put text with commas in double quotes."),
    "csv-quotes": Code(
        "A quote is not closed, or a quoted field is followed or preceded by text.",
        "Quote the whole field, and double the quotes inside it."),
    "dates-reversed": Code("effective_to is before effective_from.", "Swap them."),
    "duplicate-row": Code("Two rows have the same id.", "Keep one of them."),
    # what the schemas say
    "unknown-field": Code(
        "The schema has no such field. Often the name is misspelt.",
        "Use the name that the message proposes."),
    "missing-field": Code("A required field is missing.", "Add it."),
    "wrong-type": Code(
        "A value has another type. Types are exact: \"false\" is a string, and 5.0 is not an "
        "integer.",
        "Write it as the message says. Ids are strings: quote an id that looks like a number."),
    "not-allowed": Code("The value is not one of the allowed values.", "Use one of them."),
    "bad-form": Code(
        "A text, for example an id, does not have the required form.",
        "Write it in that form."),
    "bad-date": Code(
        "The text is not a date or time, or the date does not exist.",
        "Write it as 2026-11-24."),
    "out-of-range": Code("A number is too small or too large.", "Stay within the limit."),
    "wrong-length": Code(
        "A text, list or map has too few or too many characters or items.",
        "Stay within the limit."),
    "not-unique": Code("A list with unique items has a duplicate item.", "Remove one."),
    "not-valid": Code(
        "A value breaks another rule of its schema.",
        "Read the field's description in the schema."),
    "duplicate-id": Code("An id is used twice where ids must be unique.", "Rename one."),
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
    # modules
    "module-without-code": Code("The module has no src/run.py.", "Write it."),
    "module-taken": Code(
        "A module in the workspace or in an installed package has the id of a built-in module, or "
        "one in the workspace has the id of an installed one, which it hides.",
        "Rename it, or write `replaces: <module_id>` in its module.yml if this is meant."),
    "module-twice": Code(
        "Two installed packages bring a module with the same id.",
        "Uninstall one of the packages."),
    "modules-not-found": Code(
        "An installed package has an entry point in the group platform.modules that leads to no "
        "directory with modules/.",
        "Correct the entry point in that package, or uninstall the package."),
    "replaces-differs": Code(
        "A contract says that it replaces a module with another id. A module can only replace the "
        "one that has its own id.",
        "Write the module's own id, or remove the line."),
    "replaces-nothing": Code(
        "A contract says that it replaces a module, and no other module has this id.",
        "Remove the line."),
    "bad-output-path": Code(
        "An output's path may lead out of the outputs directory, or is invalid on some system.",
        "Write a plain path below the directory."),
    "outputs-overlap": Code(
        "Two outputs have the same path, or one contains the other. Only a directory may "
        "contain other outputs, and only if neither is limited.",
        "Give each its own path."),
    "self-test-missing": Code("The contract has no self-test.", "Add testing.self_test."),
    "bad-pattern": Code(
        "RE2 cannot read a contract's pattern: it has look-around or back-references, or "
        "repeats too often. Such patterns can take forever on a short text.",
        "Write it in the syntax of RE2."),
    "too-complex": Code(
        "A value has too many items or characters for the number of rules in its port's "
        "schema; checking would take minutes.",
        "Shorten the value, or simplify the schema."),
    "reserved-name": Code(
        "A secret or variable has a reserved name: a variable that controls how programs "
        "start, or a secret of the platform or CI.",
        "Rename it."),
    "secret-not-granted": Code(
        "A module asks for a secret that the profile's module_secrets does not grant.",
        "Ask the operator to add it there, or remove it from the contract."),
    "secrets-missing": Code(
        "A module needs a secret that the environment does not contain.",
        "Set it, or use a profile with external_services: recorded."),
    "module-changed": Code(
        "A module's code differs from the index, but its version does not. Tenants who paid "
        "get the new result free of charge.",
        "Raise version if the result is new work. Otherwise do nothing."),
    # derived files
    "maintenance-drift": Code(
        "A derived file, or a choice list in a workflow, is not up to date.",
        "Run `doit run maintenance` and commit the file."),
    "maintenance-marker": Code(
        "A choice list in a workflow has only one of its two markers, or its name is unknown.",
        "Write # maintenance:begin LIST and # maintenance:end LIST."),
    "readme-differs": Code(
        "A module's README says of a failure reason the opposite of what the platform does "
        "with it: refund it, or keep the charge.",
        "Correct the README, or the reason in config/reasons.yml."),
    # money
    "price-missing": Code(
        "A used module or a bought deliverable has no price in force.",
        "Add a row to config/module_prices.csv."),
    "price-twice": Code("Two prices of the same item start on the same day.", "Keep one."),
    "price-unused": Code(
        "A price names a module or deliverable that does not exist.",
        "Correct the id. If the module was removed, set effective_to: the row explains earlier "
        "charges."),
    "unknown-tenant": Code("tenants/ has no such directory.", "Correct the id."),
    "status-without-effect": Code(
        "A tenant's own file says active, but the operator suspended the tenant in "
        "config/tenants.csv. A tenant can only restrict itself.",
        "Remove the line."),
    "unknown-method": Code("config/topup_methods.csv has no such method.", "Correct the id."),
    "reason-missing": Code(
        "config/reasons.yml lacks a reason that the platform itself gives.",
        "Add it."),
}
