"""A new tenant: its file, and its id unless one is given."""
import hashlib

from platform.model.digest import base62
from platform.scaffold.text import flow

TENANT_ID_LENGTH = 6


def tenant_id_for(name: str) -> str:
    """Six Base62 characters derived from the name. A repeated name gives the same id, which `new`
    refuses."""
    return base62(int.from_bytes(hashlib.sha256(name.encode()).digest()), TENANT_ID_LENGTH)


def tenant_text(tenant_id: str, name: str, registered_at: str) -> str:
    """The text of tenants/<tenant_id>/tenant.yml. `registered_at` is a day, such as 2026-11-24."""
    return f"""\
# yaml-language-server: $schema=../../schemas/tenant.schema.json
tenant_id: {flow(tenant_id)}
tenant_name: {flow(name)}
registered_at: {flow(registered_at)}
# status: suspended  # stops this tenant's orders; only the operator lifts it (config/tenants.csv)
billing: {{plan: prepaid}}  # for people and other systems; nothing here changes a charge
allow_release_consumers: []  # ids of other tenants that may read its releases
"""
