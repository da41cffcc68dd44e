"""What every schema registry promises: subclass :class:`RegistryContract` and give it ``registry``."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, final

import pytest

from bus.errors import ContractError, IncompatibleSchema, InvalidSchema, SubjectNotFound
from bus.registry import SchemaRegistry

SUBJECT = "dossier.events-vn.test.Received"


def a_record(*names: str, optional: tuple[str, ...] = (), doc: str = "Thử nghiệm. / A test.") -> str:
    """Return a record schema with text fields; those of ``optional`` have a default."""
    fields: list[dict[str, Any]] = [{"name": name, "type": "string"} for name in names]
    fields += [{"name": name, "type": "string", "default": ""} for name in optional]
    return json.dumps({"type": "record", "name": "Received", "namespace": "vn.test", "doc": doc, "fields": fields})


class RegistryContract:
    """Each test is a promise of the port; nothing here knows how a registry keeps its word."""

    @final
    def test_the_first_schema_is_version_1_with_id_1(self, registry: SchemaRegistry) -> None:
        added = registry.register(SUBJECT, a_record("code"))
        assert (added.subject, added.version, added.schema_id) == (SUBJECT, 1, 1)

    @final
    def test_a_schema_that_is_there_is_answered_and_not_registered_again(self, registry: SchemaRegistry) -> None:
        first = registry.register(SUBJECT, a_record("code"))
        registry.register(SUBJECT, a_record("code", optional=("note",)))
        assert registry.register(SUBJECT, a_record("code")) == first
        assert len(registry.versions(SUBJECT)) == 2

    @final
    def test_the_same_content_has_one_id_under_all_subjects(self, registry: SchemaRegistry) -> None:
        registry.register("a", a_record("other"))
        first = registry.register("b", a_record("code"))
        second = registry.register("c", a_record("code"))
        assert (first.schema_id, second.schema_id, second.version) == (2, 2, 1)

    @final
    def test_versions_count_within_a_subject_and_ids_over_all(self, registry: SchemaRegistry) -> None:
        registry.register("a", a_record("code"))
        registry.register("b", a_record("other"))
        second = registry.register("a", a_record("code", optional=("note",)))
        assert (second.version, second.schema_id) == (2, 3)

    @final
    def test_white_space_and_the_order_of_attributes_do_not_make_another_schema(self, registry: SchemaRegistry) -> None:
        first = registry.register(SUBJECT, '{"type": "fixed", "name": "vn.Hash", "size": 32}')
        again = registry.register(SUBJECT, '{"size":32,"namespace":"vn","name":"Hash","type":"fixed"}')
        assert again == first

    @final
    def test_a_doc_makes_another_schema(self, registry: SchemaRegistry) -> None:
        registry.register(SUBJECT, a_record("code", doc="Một. / One."))
        assert registry.register(SUBJECT, a_record("code", doc="Hai. / Two.")).version == 2

    @final
    def test_a_text_comes_back_as_it_was_registered(self, registry: SchemaRegistry) -> None:
        text = a_record("code", doc="Hồ sơ đã tiếp nhận. / A dossier was received.")
        assert registry.schema(registry.register(SUBJECT, text).schema_id) == text

    @final
    def test_content_is_looked_up_under_its_subject(self, registry: SchemaRegistry) -> None:
        added = registry.register(SUBJECT, a_record("code"))
        assert registry.look_up(SUBJECT, a_record("code")) == added

    @final
    def test_content_of_another_subject_is_not_found(self, registry: SchemaRegistry) -> None:
        registry.register("a", a_record("code"))
        registry.register("b", a_record("other"))
        with pytest.raises(SubjectNotFound, match="under b"):
            registry.look_up("b", a_record("code"))

    @final
    def test_versions_come_oldest_first(self, registry: SchemaRegistry) -> None:
        added = [registry.register(SUBJECT, a_record("code", optional=("n",) * i)) for i in range(2)]
        assert list(registry.versions(SUBJECT)) == added

    @final
    def test_subjects_come_in_the_order_of_their_first_registration(self, registry: SchemaRegistry) -> None:
        for subject in ("b", "a", "c", "b"):
            registry.register(subject, a_record("code"))
        assert list(registry.subjects()) == ["b", "a", "c"]

    @final
    def test_an_empty_registry_has_no_subjects(self, registry: SchemaRegistry) -> None:
        assert list(registry.subjects()) == []

    @final
    @pytest.mark.parametrize("schema_id", [1, 0, -1, 2**31, 2**40])
    def test_an_unknown_id_is_not_found(self, registry: SchemaRegistry, schema_id: int) -> None:
        with pytest.raises(SubjectNotFound, match=str(schema_id)):
            registry.schema(schema_id)

    @final
    def test_an_unknown_subject_is_not_found(self, registry: SchemaRegistry) -> None:
        with pytest.raises(SubjectNotFound, match="nothing here"):
            registry.versions("nothing here")

    @final
    @pytest.mark.parametrize("subject", ["", "a\nb", "a\0b", "x" * 10_000, "Ho\u0302", "\ud800"])
    def test_a_name_that_no_subject_may_have_is_not_found(self, registry: SchemaRegistry, subject: str) -> None:
        assert not registry.incompatibilities(subject, a_record("code"))
        with pytest.raises(SubjectNotFound):
            registry.look_up(subject, a_record("code"))
        with pytest.raises(SubjectNotFound):
            registry.versions(subject)

    @final
    @pytest.mark.parametrize(
        "text", ["", "{", "[" * 5000, '{"type":"record"}', '"nosuch"', '"\\ud800"', '/* a */ "string"']
    )
    def test_what_is_no_schema_is_refused_and_leaves_nothing(self, registry: SchemaRegistry, text: str) -> None:
        with pytest.raises(InvalidSchema):
            registry.register(SUBJECT, text)
        assert list(registry.subjects()) == []

    @final
    @pytest.mark.parametrize("subject", ["", "a\nb", "a\0b", "x" * 256, "Ho\u0302", "\ud800"])
    def test_a_subject_that_could_not_be_told_or_stored_is_refused(
        self, registry: SchemaRegistry, subject: str
    ) -> None:
        with pytest.raises(ContractError):
            registry.register(subject, a_record("code"))

    @final
    def test_a_new_version_must_read_what_the_last_one_wrote(self, registry: SchemaRegistry) -> None:
        registry.register(SUBJECT, a_record("code"))
        with pytest.raises(IncompatibleSchema) as refused:
            registry.register(SUBJECT, a_record("code", "note"))
        assert refused.value.reasons[0].startswith("READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1: version 1: ")
        assert len(registry.versions(SUBJECT)) == 1

    @final
    def test_a_new_version_must_read_what_every_earlier_one_wrote(self, registry: SchemaRegistry) -> None:
        """Version 2 adds a field with a default; version 3 needs it, which version 1 never wrote."""
        registry.register(SUBJECT, a_record("code"))
        registry.register(SUBJECT, a_record("code", optional=("note",)))
        with pytest.raises(IncompatibleSchema, match="could not read"):
            registry.register(SUBJECT, a_record("code", "note"))

    @final
    def test_a_refused_version_spends_no_id(self, registry: SchemaRegistry) -> None:
        registry.register(SUBJECT, a_record("code"))
        with pytest.raises(IncompatibleSchema):
            registry.register(SUBJECT, a_record("code", "note"))
        assert registry.register("other", a_record("other")).schema_id == 2

    @final
    def test_a_candidate_is_judged_without_being_registered(self, registry: SchemaRegistry) -> None:
        registry.register(SUBJECT, a_record("code"))
        (reason,) = registry.incompatibilities(SUBJECT, a_record("code", "note"))
        assert (reason.kind, reason.pointer) == ("READER_FIELD_MISSING_DEFAULT_VALUE", "/fields/1")
        assert len(registry.versions(SUBJECT)) == 1

    @final
    def test_nothing_stands_against_a_new_subject(self, registry: SchemaRegistry) -> None:
        assert list(registry.incompatibilities("new", a_record("code"))) == []

    @final
    def test_a_candidate_that_is_no_schema_is_refused(self, registry: SchemaRegistry) -> None:
        with pytest.raises(InvalidSchema):
            registry.incompatibilities("new", "{}")

    @final
    def test_writers_of_the_same_and_of_other_schemas_never_disagree(self, registry: SchemaRegistry) -> None:
        texts = [a_record("code", optional=tuple(f"f{k}" for k in range(n % 5))) for n in range(40)]
        with ThreadPoolExecutor(8) as pool:
            added = list(pool.map(lambda text: registry.register(SUBJECT, text), texts))
        ids = {text: {one.schema_id for one, of in zip(added, texts, strict=True) if of == text} for text in texts}
        assert all(len(found) == 1 for found in ids.values())
        assert [one.version for one in registry.versions(SUBJECT)] == [1, 2, 3, 4, 5]
