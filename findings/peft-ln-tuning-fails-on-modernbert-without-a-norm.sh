#!/usr/bin/env bash
# PEFT 0.21.2 cannot tune "all norms" of ModernBERT: a target that ends in attn_norm raises a bare StopIteration.
#
# Guess, before it was run: LNTuningConfig(target_modules=["attn_norm", "mlp_norm"]) trains the norms that have weights.
#
# transformers' first ModernBERT block has nn.Identity under the name of its norm: the embeddings were just normalized. PEFT
# warns of an unsupported layer type, wraps the Identity as a norm, and then asks it for its first parameter. The error has no
# message and does not name the module. The same norms chosen by names of the other blocks train, as do the mlp_norms.
# An adapter of all norms of a ModernBERT therefore has to list them block by block.
#
# Seen with torch 2.15.0, transformers 5.24.0, peft 0.21.2:
#   attn_norm mlp_norm: StopIteration ''
#   layers.1.attn_norm layers.2.attn_norm mlp_norm: 5 trainable tensors
#   mlp_norm: 3 trainable tensors
# Exits with 1 if that changes. Needs about 6 GB in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.15.0 transformers==5.24.0 peft==0.21.2 numpy
cd "$folder"
cat > check.py <<'PYTHON'
import warnings

from peft import LNTuningConfig, get_peft_model
from transformers import ModernBertConfig, ModernBertModel

warnings.simplefilter("ignore")
config = ModernBertConfig(vocab_size=40, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=16,
                          pad_token_id=0, cls_token_id=1, sep_token_id=2, bos_token_id=1, eos_token_id=2)


def tune(*targets):
    try:
        model = get_peft_model(ModernBertModel(config), LNTuningConfig(target_modules=list(targets)))
        return f"{sum(p.requires_grad for p in model.parameters())} trainable tensors"
    except Exception as error:
        return f"{type(error).__name__} {str(error)!r}"


for targets in (("attn_norm", "mlp_norm"), ("layers.1.attn_norm", "layers.2.attn_norm", "mlp_norm"), ("mlp_norm",)):
    print(f"{' '.join(targets)}: {tune(*targets)}")
PYTHON
"$folder/venv/bin/python" check.py 2>/dev/null | tee seen.txt
diff seen.txt - <<'SEEN'
attn_norm mlp_norm: StopIteration ''
layers.1.attn_norm layers.2.attn_norm mlp_norm: 5 trainable tensors
mlp_norm: 3 trainable tensors
SEEN
