"""A wrong and a right example for every code of `codes.CODES`. `explain` prints them.

Each is as short as possible. Brackets mark what is not the text of a file. Tests parse the examples
about YAML.
"""
from typing import NamedTuple


class Example(NamedTuple):
    wrong: str
    right: str


EXAMPLES: dict[str, Example] = {
    # the file itself
    "file-missing": Example(
        "[tenants/nxlkGI/ has no tenant.yml]", "[tenants/nxlkGI/tenant.yml exists]"
    ),
    "file-unreadable": Example("[-rw------- root  tenant.yml]", "[-rw-r--r-- root  tenant.yml]"),
    "not-a-file": Example("[tenant.yml -> ../other/tenant.yml]", "[tenant.yml is a regular file]"),
    "file-empty": Example("# only a comment", "tenant_id: nxlkGI"),
    "file-too-large": Example("[a work order of 300 KiB]", "[two work orders of 150 KiB]"),
    "file-name": Example("[workorders/my order.yml]", "[workorders/my-order.yml]"),
    "folder-name": Example("[tenants/Harbour Museum/]", "[tenants/nxlkGI/]"),
    "id-differs": Example(
        "[in weekly.yml]  work_order_id: daily", "[in weekly.yml]  work_order_id: weekly"
    ),
    "not-utf8": Example("[café saved as Latin-1]", "[café saved as UTF-8]"),
    "nul-character": Example('topic: "sails\\0"', "topic: sails"),
    "control-character": Example('topic: "\\e[31msails"', "topic: sails"),
    "not-json": Example('{"tree_size": 12, "root', '{"tree_size": 12, "root_hash": "..."}'),
    "likely-secret": Example(
        "body: the key is AKIA...",
        "[requirements.secrets: AWS_ACCESS_KEY_ID, set in the environment]",
    ),
    "too-many-problems": Example("[100 wrong lines]", "[correct the first ones, then check again]"),
    # YAML
    "yaml-syntax": Example("topic: sails: old", "topic: 'sails: old'"),
    "yaml-indentation": Example(
        "metadata:\n  title: Sails\n notes: old", "metadata:\n  title: Sails\n  notes: old"
    ),
    "yaml-tab": Example("metadata:\n\ttitle: Sails", "metadata:\n  title: Sails"),
    "yaml-alias": Example("a: &x [1]\nb: *x", "a: [1]\nb: [1]"),
    "yaml-tag": Example("topic: !!str 12", "topic: '12'"),
    "yaml-directive": Example("%YAML 1.1\n---\na: 1", "a: 1"),
    "yaml-merge": Example("a: {<<: {b: 1}}", "a: {b: 1}"),
    "yaml-second-document": Example("a: 1\n---\nb: 2", "a: 1\nb: 2"),
    "yaml-too-deep": Example("a: " + "[" * 33 + "]" * 33, "a: [[1]]"),
    "yaml-too-many": Example("[a list of 60,000 items]", "[three lists of 20,000 in three files]"),
    "yaml-key": Example("12: a", "'12': a"),
    "yaml-boolean": Example("enabled: yes", "enabled: true"),
    "duplicate-key": Example("mode: STRICT\nmode: PARTIAL_ALLOWED", "mode: STRICT"),
    "number-ambiguous": Example("count: 012", "count: 12"),
    "number-not-finite": Example("ratio: .nan", "ratio: 0.5"),
    "number-too-large": Example("count: 99999999999999999999", "count: '99999999999999999999'"),
    # CSV
    "csv-header": Example("payment,tenant_id,...", "payment_id,tenant_id,..."),
    "csv-fields": Example(
        "bank-wire,Bank wire, by hand,true,", 'bank-wire,"Bank wire, by hand",true,'
    ),
    "csv-quotes": Example('bank-wire,"Bank wire,true,', 'bank-wire,"Bank wire",true,'),
    "dates-reversed": Example(
        "mine,__run__,5,2026-12-31,2026-01-01,true,", "mine,__run__,5,2026-01-01,2026-12-31,true,"
    ),
    "duplicate-row": Example(
        "pay-1,nxlkGI,...\npay-1,nxlkGI,...", "pay-1,nxlkGI,...\npay-2,nxlkGI,..."
    ),
    # fields
    "unknown-field": Example("enabeld: true", "enabled: true"),
    "missing-field": Example(
        "- {step_id: a, kind: transform}", "- {step_id: a, module_id: seed_text, kind: transform}"
    ),
    "wrong-type": Example('enabled: "false"', "enabled: false"),
    "not-allowed": Example("mode: STRIKT", "mode: STRICT"),
    "bad-form": Example("step_id: my step", "step_id: my_step"),
    "bad-date": Example("created_at: 2026-02-30", "created_at: 2026-02-28"),
    "out-of-range": Example("retries: 11", "retries: 10"),
    "wrong-length": Example("queries: []", "queries: [sails]"),
    "not-unique": Example("needs: [a, a]", "needs: [a]"),
    "not-valid": Example(
        "[a value that its schema's `not` refuses]", "[a value that the field's description allows]"
    ),
    # orders
    "duplicate-id": Example(
        "- {id: topic, type: string}\n- {id: topic, type: array}", "- {id: topic, type: string}"
    ),
    "steps-empty": Example("enabled: true\nsteps: []", "enabled: false\nsteps: []"),
    "not-filled-in": Example(
        "title: FILL IN what this order is for", "title: Pictures for the boat exhibition"
    ),
    "duplicate-step": Example(
        "- {step_id: a, ...}\n- {step_id: a, ...}", "- {step_id: a, ...}\n- {step_id: b, ...}"
    ),
    "unknown-module": Example("module_id: seed_txt", "module_id: seed_text"),
    "kind-differs": Example(
        "{module_id: package_std, kind: transform}", "{module_id: package_std, kind: packaging}"
    ),
    "unknown-deliverable": Example(
        "deliverables: [tenant_output]", "deliverables: [tenant_outputs]"
    ),
    "internal-deliverable": Example("deliverables: [__run__]", "deliverables: []"),
    "duplicate-deliverable": Example("deliverables: [images, images]", "deliverables: [images]"),
    "policy-packaging": Example(
        "artifacts_requested: true\n[no step of kind packaging]",
        "artifacts_requested: true\n[a step of kind packaging]",
    ),
    "policy-delivery": Example(
        "artifacts_requested: true\n[no step of kind delivery]",
        "artifacts_requested: true\n[a step of kind delivery]",
    ),
    "bad-cron": Example("schedule_cron: 0 0 6 * * 1", "schedule_cron: 0 6 * * 1"),
    "unknown-step": Example("needs: [quries]", "needs: [queries]"),
    "disabled-step": Example(
        "[queries: enabled: false]  needs: [queries]", "[queries: enabled: true]  needs: [queries]"
    ),
    "self-reference": Example("{step_id: a, needs: [a]}", "{step_id: a}"),
    "step-cycle": Example(
        "{step_id: a, needs: [b]}\n{step_id: b, needs: [a]}",
        "{step_id: a}\n{step_id: b, needs: [a]}",
    ),
    "unknown-promotion": Example("promotions: [WELCOM]", "promotions: [WELCOME]"),
    "promotion-not-in-force": Example("[in winter]  promotions: [SUMMER]", "promotions: []"),
    # inputs and bindings
    "unknown-input": Example("inputs: {topics: sails}", "inputs: {topic: sails}"),
    "limited-input": Example("inputs: {download_images: true}", "deliverables: [images]"),
    "missing-input": Example(
        "{module_id: seed_text, inputs: {}}", "{module_id: seed_text, inputs: {topic: sails}}"
    ),
    "binding-origin": Example("{from_step: a}", "{from_step: a, output_id: report}"),
    "binding-selector": Example(
        "{from_step: a, output_id: report, selector: text, take: 2}",
        "{from_step: a, output_id: report, selector: lines, take: 2}",
    ),
    "binding-type": Example(
        "topic: {from_step: a, output_id: report}",
        "topic: {from_step: a, output_id: report, selector: text}",
    ),
    "selector-on-folder": Example(
        "{from_step: a, output_id: images_dir, selector: text}",
        "{from_step: a, from_file: images/index.txt, selector: text}",
    ),
    "bad-json-path": Example("json_path: $..title", "json_path: $.items[0].title"),
    "unknown-output": Example(
        "{from_step: a, output_id: reprt}", "{from_step: a, output_id: report}"
    ),
    "limited-output": Example(
        "{from_step: a, output_id: trace}", "{from_step: a, output_id: report}"
    ),
    "output-not-bought": Example(
        "[step images: deliverables: []]\n{from_step: images, output_id: results}",
        "[step images: deliverables: [metadata]]\n{from_step: images, output_id: results}",
    ),
    "asset-missing": Example("{asset: tabel.csv}", "{asset: table.csv}"),
    "linked-directory": Example(
        "[tenants/nxlkGI/assets -> ../..]", "[tenants/nxlkGI/assets/ is a directory]"
    ),
    "hard-link": Example("[assets/table.csv is a hard link]", "[assets/table.csv is a copy]"),
    "bad-pattern": Example("pattern: '(?=a)b'", "pattern: 'ab'"),
    "too-complex": Example("queries: [[100,000 texts]]", "queries: [wooden sailing boats]"),
    "asset-outside": Example("{asset: ../../other/assets/table.csv}", "{asset: table.csv}"),
    "asset-too-large": Example("[asset: table.csv of 5 GB]", "[asset: part-1.csv of 1 GB]"),
    "asset-unreadable": Example(
        "[-rw------- root  assets/table.csv]", "[-rw-r--r-- root  assets/table.csv]"
    ),
    "bad-as-path": Example("as_path: ../report.json", "as_path: data/report.json"),
    "as-path-collision": Example(
        "as_path: report.json\nas_path: Report.json", "as_path: report.json\nas_path: report-2.json"
    ),
    "header-injection": Example('subject: "Hello\\nBcc: b@example.com"', "subject: Hello"),
    "two-recipients": Example(
        "recipient_email: a@example.com, b@example.com", "recipient_email: a@example.com"
    ),
    "address-needs-smtputf8": Example(
        "recipient_email: jörg@example.com", "recipient_email: joerg@example.com"
    ),
    "bad-address": Example("recipient_email: nobody", "recipient_email: nobody@example.com"),
    # modules
    "module-without-code": Example(
        "[modules/mine/module.yml alone]", "[modules/mine/module.yml and src/run.py]"
    ),
    "earlier-format": Example(
        "cache: {enabled: true, retention_default: 1w}", "cache: {retention: 1w}"
    ),
    "module-taken": Example("module_id: seed_text", "module_id: seed_text\nreplaces: seed_text"),
    "module-twice": Example(
        "$ pip install acme-modules other-modules", "$ pip uninstall other-modules"
    ),
    "modules-not-found": Example(
        '[project.entry-points."platform.modules"]\nacme = "acme.moduls"',
        '[project.entry-points."platform.modules"]\nacme = "acme"',
    ),
    "replaces-differs": Example(
        "module_id: my_text\nreplaces: seed_text", "module_id: seed_text\nreplaces: seed_text"
    ),
    "replaces-nothing": Example("module_id: my_text\nreplaces: my_text", "module_id: my_text"),
    "bad-output-path": Example("path: ../report.json", "path: report.json"),
    "outputs-overlap": Example(
        "{id: a, path: out}\n{id: b, path: out/b.txt}", "{id: a, path: a}\n{id: b, path: b.txt}"
    ),
    "self-test-missing": Example(
        "[no testing in module.yml]", "testing: {self_test: {params: {topic: sails}}}"
    ),
    "reserved-name": Example("secrets: [{name: PYTHONPATH}]", "secrets: [{name: MY_API_KEY}]"),
    "secret-not-granted": Example(
        "module_secrets: {}", "module_secrets: {search_pages: [GOOGLE_SEARCH_API_KEY]}"
    ),
    "package-missing": Example(
        "$ pip install platform-runner", "$ pip install 'platform-runner[charts]'"
    ),
    "secrets-missing": Example("$ doit run", "$ SMTP_PASSWORD=... doit run"),
    "module-changed": Example('[src/run.py has changed]  version: "1.0"', 'version: "1.1"'),
    # derived files
    "maintenance-drift": Example(
        "modules_index.csv: seed_text,Seed text,transform,1.0,... [module.yml: version: 1.1]",
        "$ doit run maintenance",
    ),
    "maintenance-marker": Example(
        '# maintenance:begin tenants\n- "nxlkGI"',
        '# maintenance:begin tenants\n- "nxlkGI"\n# maintenance:end tenants',
    ),
    "readme-differs": Example(
        "[README.md: | `timed_out` | no | too slow |]",
        "[README.md: | `timed_out` | yes | too slow |]",
    ),
    # money
    "price-missing": Example("[no row for mine,__run__]", "mine,__run__,5,2026-01-01,,true,"),
    "price-twice": Example(
        "mine,__run__,5,2026-01-01,,true,\nmine,__run__,6,2026-01-01,,true,",
        "mine,__run__,5,2026-01-01,,true,\nmine,__run__,6,2026-07-01,,true,",
    ),
    "price-unused": Example(
        "seed_txt,__run__,5,2026-01-01,,true,", "seed_text,__run__,5,2026-01-01,,true,"
    ),
    "unknown-tenant": Example(
        "allow_release_consumers: [nxlkGl]", "allow_release_consumers: [nxlkGI]"
    ),
    "status-without-effect": Example(
        "[tenants.csv: nxlkGI,suspended]\nstatus: active", "[tenants.csv: nxlkGI,suspended]"
    ),
    "unknown-method": Example("pay-1,nxlkGI,bank-wir,...", "pay-1,nxlkGI,bank-wire,..."),
    "reason-missing": Example(
        "[config/reasons.yml without timed_out]",
        "- {slug: timed_out, scope: global, category: run, refundable: true, description: ...}",
    ),
}
