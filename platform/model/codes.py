"""Every code that a problem can have, with its cause and its cure: what docs/errors.md lists and `explain` prints.

A code is stable: scripts and people look for it. A new problem gets a new code; a code's meaning never changes.
"""
from typing import NamedTuple


class Code(NamedTuple):
    cause: str
    cure: str


CODES: dict[str, Code] = {
    # the file itself
    "file-missing": Code("A file that must be there is not.", "Create it; `new` writes one that is valid."),
    "file-unreadable": Code("The system does not let this user read the file.", "Change its owner or its mode."),
    "not-a-file": Code("A link, folder, pipe or device stands where a plain file should. A link may lead into another "
                       "tenant's folder, so none is followed.", "Put the file itself there."),
    "linked-directory": Code("A symbolic link stands where a directory should. What is behind it may be anybody's, so "
                             "nothing is read through one.", "Put the directory itself there."),
    "hard-link": Code("A tenant's file has a second name somewhere (git makes none), so it may be another tenant's or "
                      "the operator's.", "Copy it, remove it, and give the copy its name."),
    "file-empty": Code("The file is empty or holds comments only.", "Write it, or delete it."),
    "file-too-large": Code("YAML files may have 256 KiB, CSV files 2 MiB.", "Split the file."),
    "file-name": Code("A file below workorders/ is not named <work_order_id>.yml.", "Rename it."),
    "folder-name": Code("A folder of tenants/ or modules/ is not named by an id, so nothing can refer to it.",
                        "Rename it, or begin its name with _ if it is not meant to be one."),
    "id-differs": Code("A file's id is not the name of its file or folder: two things could claim one name, or one "
                       "tenant another's.", "Make the id and the name the same."),
    "not-utf8": Code("The file has bytes that are not UTF-8.", "Save it as UTF-8."),
    "nul-character": Code("There is a NUL character, as such or as \\0 in a text.", "Remove it."),
    "control-character": Code("There is a control character, or one that hides or reorders the text around it.",
                              "Remove it."),
    "not-json": Code("A proof, quote or statement is not JSON: it was cut off, edited, or another file was named.",
                     "Take it as the program wrote it."),
    "likely-secret": Code("A text has the form of a key, token or password, and the file goes into git.",
                          "Revoke it, and hand the new one over in the environment (requirements.secrets)."),
    "too-many-problems": Code("The file has so many problems that the rest was not looked at.", "Mend those first."),
    # YAML
    "yaml-syntax": Code("The file is not YAML.", "Mend the place; text with : # [ ] { } or quotes goes into quotes."),
    "yaml-indentation": Code("A line is not indented like those it belongs to.", "Use two spaces for each level."),
    "yaml-tab": Code("A tab indents.", "Use spaces."),
    "yaml-alias": Code("There is an anchor or an alias. A few lines of them can stand for billions of values.",
                       "Write the value out."),
    "yaml-tag": Code("There is a tag such as !!str, which could name any type.", "Remove it; quotes make a text."),
    "yaml-directive": Code("There is a line such as %YAML.", "Remove it."),
    "yaml-merge": Code("There is a merge key <<.", "Write the fields out."),
    "yaml-second-document": Code("A line --- begins a second document.", "Keep one document in a file."),
    "yaml-too-deep": Code("Lists and maps are nested deeper than 32 levels.", "Flatten them."),
    "yaml-too-many": Code("There are more than 50,000 values in one file.", "Split it."),
    "yaml-key": Code("A key is not text: a number, true, nothing, a list or a map.", "Put it in quotes."),
    "yaml-boolean": Code("yes, no, on and off are text in YAML 1.2, and booleans to YAML 1.1 readers only.",
                         "Write true or false."),
    "duplicate-key": Code("A map has a key twice, and readers differ in which one counts.", "Keep one."),
    "number-ambiguous": Code("Numbers such as 012, 0o14 and 0x1F are different numbers to different YAML readers.",
                             "Write it in decimal, or in quotes when it is text."),
    "number-not-finite": Code("NaN and infinity are no JSON values.", "Write a finite number."),
    "number-too-large": Code("Whole numbers go to 2^63 - 1, others to what a double holds.",
                             "Write a smaller one, or put it in quotes when it is text."),
    # CSV
    "csv-header": Code("A column is missing, unknown, or there twice.", "Write the header as docs/schemas.md has it."),
    "csv-fields": Code("A row has more or fewer fields than the header.", "Put text with commas in double quotes."),
    "csv-quotes": Code("A quote is not closed, or text stands beside a quoted text.",
                       "Quote the whole field, and write quotes in it twice."),
    "dates-reversed": Code("effective_to lies before effective_from.", "Exchange them."),
    "duplicate-row": Code("Two rows have the same id.", "Keep one of them."),
    # what the schemas say
    "unknown-field": Code("A field is not in the schema; often it is misspelt.", "Take the name that is proposed."),
    "missing-field": Code("A field that must be there is not.", "Add it."),
    "wrong-type": Code("A value is of another type. Types are exact: \"false\" is a text, 5.0 is no whole number.",
                       "Write it as the message says; ids are texts, in quotes when they look like numbers."),
    "not-allowed": Code("The value is not one of those that are allowed.", "Take one of them."),
    "bad-form": Code("A text has not the form that is asked for, for example of an id.", "Write it in that form."),
    "bad-date": Code("The text is not a day or time, or that day does not exist.", "Write 2026-11-24."),
    "out-of-range": Code("A number is too small or too large.", "Stay within the bound."),
    "wrong-length": Code("A text, list or map has too few or too many characters or items.", "Stay within the bound."),
    "not-unique": Code("A list that may not repeat has an item twice.", "Remove one."),
    "not-valid": Code("A value breaks another rule of its schema.", "Read the field's description there."),
    "duplicate-id": Code("An id stands twice where each may stand once.", "Rename one."),
    # orders
    "steps-empty": Code("An enabled order has no steps.", "Add one, or set enabled: false."),
    "not-filled-in": Code("A text still says FILL IN, as `new workorder` wrote it.", "Write what is meant."),
    "duplicate-step": Code("Two steps of an order have one id.", "Rename one."),
    "unknown-module": Code("There is no such folder in modules/.", "Take the name that is proposed."),
    "kind-differs": Code("A step's kind is not that of its module's contract. It is never guessed.",
                         "Write the contract's kind."),
    "unknown-deliverable": Code("The module sells no such deliverable.", "Take one of its contract."),
    "internal-deliverable": Code("Ids that begin with __ are the platform's own and cannot be bought.", "Remove it."),
    "duplicate-deliverable": Code("A step buys one deliverable twice.", "Keep one."),
    "policy-packaging": Code("artifacts_requested: true needs an enabled step of kind packaging.", "Add one."),
    "policy-delivery": Code("What is requested or packaged needs an enabled step of kind delivery.", "Add one."),
    "bad-cron": Code("A schedule is not five cron fields, or never comes true.", "Write it as 0 6 * * 1."),
    "unknown-step": Code("A step waits for one that is not in the order.", "Take the name that is proposed."),
    "disabled-step": Code("A step waits for one that is not enabled.", "Enable that, or take from another."),
    "self-reference": Code("A step waits for itself.", "Name another step."),
    "step-cycle": Code("Steps wait for each other in a circle, which the message prints.", "Remove one link."),
    "unknown-promotion": Code("There is no such code in config/promotions.csv.", "Correct or remove it."),
    "promotion-not-in-force": Code("The code's time has not come or is over; it grants nothing.", "Remove it."),
    # inputs and bindings
    "unknown-input": Code("The module has no such input.", "Take the name that is proposed."),
    "limited-input": Code("Only the platform sets this input, when a deliverable is bought.", "Buy the deliverable."),
    "missing-input": Code("The module needs an input that the step does not give.", "Add it."),
    "binding-origin": Code("A binding must name an asset, or a step and either output_id or from_file.",
                           "Name exactly one origin."),
    "binding-selector": Code("take, json_path or as_path stands beside a selector that has no use for it.",
                             "Remove it, or choose another selector."),
    "binding-type": Code("What the binding makes is not of the type that the input takes.", "Choose a selector."),
    "selector-on-folder": Code("A selector reads a file, and the output is a folder.", "Take a file with from_file."),
    "bad-json-path": Code("A json_path is not made of $, .name, ['name'] and [0].", "Write it as $.items[0].title."),
    "unknown-output": Code("The module's contract has no such output.", "Take one of ports.outputs.port."),
    "limited-output": Code("The output is for the platform only.", "Take one of ports.outputs.port."),
    "output-not-bought": Code("The output belongs to a deliverable that is not bought. What a packaging or delivery "
                              "step takes leaves the platform, so it must be bought; to a transform it is only a "
                              "warning, where the output is made for buyers only.",
                              "Buy it: write the line that the message shows at the step that makes the output."),
    "asset-missing": Code("There is no such file below the tenant's assets.",
                          "Put the file there."),
    "asset-outside": Code("The path leads out of the tenant's assets.", "Write a path below them."),
    "asset-too-large": Code("The asset is larger than limits.file_mb of the runtime profile.",
                            "Divide it, or raise the limit."),
    "asset-unreadable": Code("The system does not let this user read the asset.", "Change its owner or its mode."),
    "bad-as-path": Code("A name in a package is empty, absolute, too long, has .. or \\ or a drive in it, or is one "
                        "that some system keeps for itself.", "Write it as data/report.json."),
    "as-path-collision": Code("Two different files get one name in a package, or names that differ only in case or "
                              "Unicode form; or a name lies below a file or in a directory that is bound too. The "
                              "same file bound twice to its own name is no collision.", "Rename one."),
    "header-injection": Code("A mail field has a line break, by which other headers could be added.",
                             "Write one line."),
    "two-recipients": Code("A field for one address names several.", "Write one; add a step for another."),
    "address-needs-smtputf8": Code("A mail address has letters beyond ASCII before the @, and the profile does not say "
                                   "that its mail server takes them.",
                                   "Write an ASCII address, or set delivery.email.smtputf8 where the server has it."),
    "bad-address": Code("The text is not a mail address.", "Write name@example.com."),
    # modules
    "module-without-code": Code("The module has no src/run.py.", "Write it."),
    "bad-output-path": Code("An output's path could lie outside the outputs folder, or not exist on some system.",
                            "Write a plain path below it."),
    "outputs-overlap": Code("Two outputs have one path, or one lies in the other. Only a directory may hold other "
                            "outputs, and only when neither it nor they are limited.", "Give each its own."),
    "self-test-missing": Code("The contract has no self-test.", "Add testing.self_test."),
    "bad-pattern": Code("A contract's pattern is not one that RE2 reads: it has look-around, references to groups, or "
                        "repeats too often. Others can take for ever on a short text.",
                        "Write it in the syntax of RE2."),
    "too-complex": Code("A value has so many items or characters, and its port's schema so many rules, that checking "
                        "would take minutes.", "Give it less, or make the schema simpler."),
    "reserved-name": Code("A secret or var has the name of a variable that steers how programs start, or of a secret "
                          "that the platform or CI keeps for itself.", "Rename it."),
    "secret-not-granted": Code("A module asks for a secret that the profile's module_secrets does not give it.",
                               "Have the operator add it there, or remove it from the contract."),
    "secrets-missing": Code("A module needs a secret that the environment does not have.",
                            "Set it, or use a profile with external_services: recorded."),
    "module-changed": Code("A module's code is not that of the index, and its version is. Tenants who paid get the new "
                           "code's result for nothing.", "Raise version if it is other work; else nothing."),
    # derived files
    "maintenance-drift": Code("A derived file, or a choice list inside a workflow, is not what it should be.",
                              "Run `doit run maintenance` and commit the file."),
    "maintenance-marker": Code("A choice list in a workflow begins and does not end, ends and did not begin, or is "
                               "none that there is.", "Write # maintenance:begin LIST and # maintenance:end LIST."),
    "readme-differs": Code("A module's README says of a reason that it is refunded, or that it is not, and the "
                           "platform does otherwise.", "Write what is proposed."),
    # money
    "price-missing": Code("Something that is used or bought has no price in force.",
                          "Add a row to config/module_prices.csv."),
    "price-twice": Code("Two prices of one thing start on the same day.", "Keep one."),
    "price-unused": Code("A price is for a module or deliverable that is not there.",
                         "Correct the id, or end the row with effective_to: it explains what was charged by it."),
    "unknown-tenant": Code("There is no such folder in tenants/.", "Correct the id."),
    "status-without-effect": Code("A tenant's own file says that it is active, and the operator suspended it in "
                                  "config/tenants.csv. A tenant can only restrict itself.", "Remove the line."),
    "unknown-method": Code("There is no such method in config/topup_methods.csv.", "Correct the id."),
    "reason-missing": Code("config/reasons.yml lacks a reason that the platform itself gives.", "Add it."),
}
