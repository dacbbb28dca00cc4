"""The error codes of what the operator maintains: modules, derived files and prices."""
from platform.model.code import Code

OPERATOR_CODES: dict[str, Code] = {
    # modules
    "module-without-code": Code("The module has no src/run.py.", "Write it."),
    "earlier-format": Code(
        "The contract has a field of the earlier contract format.",
        "Run `migrate` with the module's directory: it reports what each field becomes, and with "
        "--write it changes the contract."),
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
    "package-missing": Code(
        "A module of an order, or the profile, needs a Python package that this Python lacks.",
        "Install it with the command that the message shows."),
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
