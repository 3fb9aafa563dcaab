#!/usr/bin/env bash
# bioc 2.1: converting brat to BioC gives an entity with a note the note's type, and loses which attribute it has, without an error.
#
# Guess, before it was run: brat2bioc keeps an entity's type, and puts notes, attributes and normalizations (lines N) beside it or drops them.
#
# A note is written into the annotation's infons as "type", "note" and "note_id", over what is there: a Disease with a comment becomes an
# AnnotatorNotes. Corpora that keep an entity's concept in a note (brat's usual way before lines N) lose all types, so a
# tagger trained on the BioC has one label. Of attributes only the values are kept, without names: "Negated", which has none, leaves an empty
# text, and "Certainty Low" beside "Severity High" leaves one of the two. Lines N, with the codes, are not read. The conversion also renames
# equivalences in the brat document itself, which then writes lines "*0" that brat does not know.
#
# Seen with bioc 2.1:
#   brat: T1 Disease, T2 Disease, T3 Symptom, T4 Drug
#   BioC: T1 AnnotatorNotes, T2 Disease, T3 Symptom, T4 AnnotatorNotes
#   T2 has Certainty Low and Severity High: attributes 'High'
#   T3 is Negated: attributes ''
#   codes of the lines N in the BioC: 0 of 2
#   the equivalence in brat: '*' before the conversion, '*0' after
# Exits with 1 if that changes. Needs about 50 MB in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q bioc==2.1 lxml==4.9.4
cd "$folder"
cat > check.py <<'PYTHON'
import sys

from bioc import biocxml, brat
from bioc.tools.brat2bioc import brat2bioc

TEXT = "Breast cancer and heart failure without fever; given aspirin.\n"
ANNOTATIONS = """T1\tDisease 0 13\tBreast cancer
T2\tDisease 18 31\theart failure
T3\tSymptom 40 45\tfever
T4\tDrug 53 60\taspirin
#1\tAnnotatorNotes T1\tC0006142
#2\tAnnotatorNotes T4\tbrand unknown
A1\tCertainty T2 Low
A2\tSeverity T2 High
A3\tNegated T3
N1\tReference T2 ICD10:I50\theart failure
N2\tReference T4 ATC:N02BA01\taspirin
*\tEquiv T1 T2
"""
document = brat.loads(TEXT, ANNOTATIONS, "note")
types = lambda annotations, kind: ", ".join(f"{entity.id} {kind(entity)}" for entity in sorted(annotations, key=lambda entity: entity.id))
lines = ["brat: " + types(document.entities, lambda entity: entity.type)]
before = document.equiv_relations[0].id
xml = biocxml.dumps(brat2bioc([document]))
converted = {entity.id: entity for entity in biocxml.loads(xml).documents[0].annotations}
lines += ["BioC: " + types(converted.values(), lambda entity: entity.infons["type"]),
          f"T2 has Certainty Low and Severity High: attributes {converted['T2'].infons['attributes'] or ''!r}",
          f"T3 is Negated: attributes {converted['T3'].infons['attributes'] or ''!r}",
          f"codes of the lines N in the BioC: {sum(code in xml for code in ('I50', 'N02BA01'))} of 2",
          f"the equivalence in brat: {before!r} before the conversion, {document.equiv_relations[0].id!r} after"]
print("\n".join(lines))
sys.exit(lines != """brat: T1 Disease, T2 Disease, T3 Symptom, T4 Drug
BioC: T1 AnnotatorNotes, T2 Disease, T3 Symptom, T4 AnnotatorNotes
T2 has Certainty Low and Severity High: attributes 'High'
T3 is Negated: attributes ''
codes of the lines N in the BioC: 0 of 2
the equivalence in brat: '*' before the conversion, '*0' after""".split("\n"))
PYTHON
"$folder/venv/bin/python" check.py 2> errors.txt || { cat errors.txt; exit 1; }
