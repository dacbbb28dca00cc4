"""The error codes of files: that they can be read, YAML, CSV, and what the schemas demand."""
from platform.model.code import Code

FILE_CODES: dict[str, Code] = {
    # the file itself
    "file-missing": Code("A required file is missing.", "Create it; `new` writes a valid one."),
    "file-unreadable": Code(
        "This user has no permission to read the file or directory.",
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
}
