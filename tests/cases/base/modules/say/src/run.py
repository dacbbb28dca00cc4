from pathlib import Path


def run(params, outputs_dir):
    if params["fail"]:
        print("the last words of a step that fails")
        return {"status": "FAILED", "reason_slug": params["fail"], "message": "told to fail"}
    before = Path(params["after"]["path"]).read_text() if "after" in params else ""
    Path(outputs_dir, "said.txt").write_text(before + params["text"] + "\n")
    return {"status": "COMPLETED"}
