"""What was applied and what was examined, as JSON with stable keys and in lines for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bus.cli.words import keeps, number
from registry.apply import Step, TopicStep, cleanup_of
from registry.examination import Report


def step_answer(step: Step) -> dict[str, Any]:
    """Return a step for JSON."""
    if isinstance(step, TopicStep):
        return {
            "kind": "topic",
            "action": step.action,
            "name": step.spec.name,
            "partitions": step.spec.partitions,
            "cleanup": cleanup_of(step.spec),
            "retention_ms": step.spec.retention_ms,
        }
    return {
        "kind": "schema",
        "action": step.action,
        "name": step.subject,
        "version": step.version,
        "schema_id": step.schema_id,
    }


def step_words(step: Step) -> str:
    """Return a step as a line."""
    if isinstance(step, TopicStep):
        words = f"{number(step.spec.partitions, 'partition')}, keeps {keeps(step.spec)}"
        return f"{step.action:<8} topic  {step.spec.name}  ({words})"
    shown = "" if step.schema_id is None else f", id {step.schema_id}"
    return f"{step.action:<8} schema {step.subject}  (version {step.version}{shown})"


def report_answer(report: Report) -> dict[str, Any]:
    """Return a report for JSON."""
    return {
        "full_name": report.full_name,
        "subject": report.subject,
        "compared_with": {"where": report.source, "versions": list(report.versions)},
        "same_as_version": report.same_as,
        "compatible": report.is_compatible,
        "incompatibilities": [
            {
                "kind": reason.kind,
                "pointer": reason.pointer,
                "message": reason.message,
                "meaning": advice.meaning,
                "suggestion": advice.suggestion,
            }
            for reason, advice in report.reasons
        ],
        "warnings": [{"pointer": warning.pointer, "message": warning.message} for warning in report.warnings],
    }


def report_lines(report: Report) -> Iterator[str]:
    """Yield each reason with its meaning and what would help, each warning, then the conclusion."""
    for reason, advice in report.reasons:
        yield f"{reason.kind} at {reason.pointer}"
        yield f"  what:  {reason.message}"
        yield f"  means: {advice.meaning}"
        yield f"  try:   {advice.suggestion}"
    for warning in report.warnings:
        yield f"warning at {warning.pointer}: {warning.message}"
    yield _conclusion(report)


def _conclusion(report: Report) -> str:
    if report.subject is None:
        return f"{report.full_name} is a good schema; the catalogue has no such event, so there was nothing to compare."
    if report.same_as is not None and report.source == "registry":
        return f"This is version {report.same_as} of {report.subject}, already there."
    if report.same_as is not None:
        return (
            f"{report.full_name} is a good schema, and in the catalogue. It is not registered yet:"
            f" `lienthong topic apply` makes it version {report.same_as} of {report.subject}."
        )
    if not report.versions:
        return f"{report.full_name} is a good schema, and would be the first version of {report.subject}."
    compared = f"{_numbered(report.versions)} of {report.subject} in the {report.source}"
    return f"Compatible with {compared}." if report.is_compatible else f"Not compatible with {compared}."


def _numbered(versions: Sequence[int]) -> str:
    return f"versions {versions[0]} to {versions[-1]}" if len(versions) > 1 else f"version {versions[0]}"
