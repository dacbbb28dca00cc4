"""What sharing did, as lines for people and as JSON. Pure."""
from pathlib import Path
from typing import Any

from platform.model.entry import Post
from platform.model.words import counted
from platform.state.hydrate import Hydrated
from platform.state.publish import PublishedState
from platform.state.verify import StateVerdict


def hydrated_lines(done: Hydrated) -> list[str]:
    """What a hydration did; empty if it changed nothing."""
    parts = [f"{counted(done.added, 'post')} of others" if done.added else "",
             f"{counted(done.posted_again, 'local post')} posted again after them"
             if done.posted_again else ""]
    text = ", ".join(part for part in parts if part)
    first = [f"billing state: generation {done.generation}, {text}"] if text else []
    return first + lost_lines(done)


def lost_lines(done: Hydrated) -> list[str]:
    """One line for each post that could not be posted again, then the files that keep them."""
    lines = [
        f"{lost.post.kind}{_of_credits(lost.post)} for {lost.post.tenant_id}"
        f"{'/' + lost.post.work_order_id if lost.post.work_order_id else ''} could not be posted "
        f"again: {lost.why}"
        for lost in done.lost
    ]
    return lines + [f"{path}: keeps the posts that could not be posted again; "
                    "settle them with the tenant"
                    for path in done.kept_in]


def _of_credits(post: Post) -> str:
    return (
        f" of {counted(post.amount_credits, 'credit', signed=True)}" if post.amount_credits else ""
    )


def published_lines(done: PublishedState) -> list[str]:
    lines = hydrated_lines(done.hydrated) if done.hydrated else []
    if done.new:
        lines.append(f"billing state: generation {done.generation} published in {done.tag}, "
                     f"{counted(done.posts, 'post')} more")
    return lines


def verdict_lines(verdict: StateVerdict) -> list[str]:
    counts = (f"{counted(verdict.generations, 'generation')}, "
              f"{counted(verdict.segments, 'segment')}, {counted(verdict.posts, 'post')}; "
              f"missing here {verdict.behind}, not published {verdict.ahead}")
    return [*verdict.findings, counts]


def hydrated_json(done: Hydrated) -> dict[str, Any]:
    return {
        "generation": done.generation,
        "tag": done.tag,
        "posts": done.seq,
        "added": done.added,
        "posted_again": done.posted_again,
        "ahead": done.ahead,
        "kept_in": [str(path) for path in done.kept_in],
        "lost": [
            {
                "key": lost.post.key,
                "kind": lost.post.kind,
                "tenant_id": lost.post.tenant_id,
                "work_order_id": lost.post.work_order_id,
                "amount_credits": lost.post.amount_credits,
                "why": lost.why,
            }
            for lost in done.lost
        ],
    }


def published_json(done: PublishedState) -> dict[str, Any]:
    return {"generation": done.generation, "tag": done.tag, "posts": done.seq, "new": done.new,
            "new_posts": done.posts,
            "trusted_head": {"generation": done.generation, "seq": done.seq, "hash": done.hash},
            "hydrated": hydrated_json(done.hydrated) if done.hydrated else None}


def verdict_json(verdict: StateVerdict) -> dict[str, Any]:
    return {
        "findings": verdict.findings,
        "generations": verdict.generations,
        "segments": verdict.segments,
        "posts": verdict.posts,
        "behind": verdict.behind,
        "ahead": verdict.ahead,
    }


def shortened(lines: list[str], root: Path) -> str:
    """The lines as one text, with paths relative to the repository."""
    return "\n".join(line.replace(f"{root}/", "") for line in lines)
