#!/usr/bin/env bash
# bioc 2.1: PubTator entities without a concept id are read as relations, and PubTator converted to BioC has no text, without an error.
#
# Guess, before it was run: a line of a document has an id in its last column or an empty one, and both are entities; the BioC
# has a passage for the title and one for the abstract.
#
# The reader strips every line and then counts its columns: six are an entity, five a relation with a negation. An entity whose last
# column is empty, or not there, as of taggers that do not link, has five: its start becomes the type of a relation between the
# concepts "end" and "text". Files of such entities alone give documents without any. pubtator2bioc names the ends of every relation Chemical
# and Disease, whatever they are, and refers to concepts, not to annotations; two entities that begin at one place get one id. It sets a
# text that BioC documents do not have: what is written has offsets, and nothing that they point into. A relation without a
# negation is written back to PubTator with a column "None".
#
# Seen with bioc 2.1:
#   read: entities 0 BRCA1 Gene, 0 BRCA1 mutations Mutation, 20 breast cancer Disease
#   read: relations 46 Gene (51, BRCA1), 73 Chemical (82, Tamoxifen), Association None (672, D001943)
#   written: 7	Association	672	D001943	None
#   BioC: ids T0, T0, T20; relation Association Chemical 672, Disease D001943; text ''
# Exits with 1 if that changes. Needs about 50 MB in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q bioc==2.1 lxml==4.9.4
cd "$folder"
cat > check.py <<'PYTHON'
import sys

from bioc import BioCCollection, biocxml, pubtator
from bioc.tools.pubtator2bioc import pubtator2bioc

TEXT = """7|t|BRCA1 mutations and breast cancer
7|a|Carriers of BRCA1 had ovarian tumours. Tamoxifen helped.
7\t0\t5\tBRCA1\tGene\t672
7\t0\t15\tBRCA1 mutations\tMutation\tp.C61G
7\t20\t33\tbreast cancer\tDisease\tD001943
7\t46\t51\tBRCA1\tGene\t
7\t73\t82\tTamoxifen\tChemical
7\tAssociation\t672\tD001943
"""
document = pubtator.loads(TEXT)[0]
collection = BioCCollection()
collection.add_document(pubtator2bioc(document))
converted = biocxml.loads(biocxml.dumps(collection)).documents[0]
relation = converted.relations[-1]
lines = [
    "read: entities " + ", ".join(f"{entity.start} {entity.text} {entity.type}" for entity in document.annotations),
    "read: relations " + ", ".join(f"{found.type} {found.neg} ({found.id1}, {found.id2})" for found in document.relations),
    "written: " + pubtator.dumps([document]).splitlines()[-1],
    f"BioC: ids {', '.join(entity.id for entity in converted.annotations)}; relation {relation.infons['type']} "
    + ", ".join(f"{node.role} {node.refid}" for node in relation.nodes) + f"; text {converted.text!r}"]
print("\n".join(lines))
sys.exit(lines != """read: entities 0 BRCA1 Gene, 0 BRCA1 mutations Mutation, 20 breast cancer Disease
read: relations 46 Gene (51, BRCA1), 73 Chemical (82, Tamoxifen), Association None (672, D001943)
written: 7\tAssociation\t672\tD001943\tNone
BioC: ids T0, T0, T20; relation Association Chemical 672, Disease D001943; text ''""".split("\n"))
PYTHON
"$folder/venv/bin/python" check.py 2> errors.txt || { cat errors.txt; exit 1; }
