"""The build graph of this workspace: platform/doit_plugin/graph.py makes its tasks from the work orders below tenants/.
Task creators of your own may follow."""
import _platform_boot  # first: it makes `platform` our package beside the standard module

_platform_boot.ready()
