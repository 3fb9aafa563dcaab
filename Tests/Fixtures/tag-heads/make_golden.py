"""Makes the goldens of heads for tags: an LSTM, and twenty steps of training with a CRF and with a BiLSTM-CRF.

usage: python make_golden.py        (torch 2.15.0, transformers 5.24.0, pytorch-crf 0.7.2, safetensors 0.8.0)
"""
import json
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torchcrf import CRF
from transformers import BertForTokenClassification, get_linear_schedule_with_warmup, logging
from transformers.trainer_pt_utils import get_parameter_names

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from make_tiny_bert import DECAY, IGNORED, RATE, STEPS, TAGS, padded, write_json, write_tensors  # noqa: E402

BATCHES = [json.loads((HERE.parent / "adapters/batches.json").read_text())[f"batch.{i}"] for i in range(4)]


def packed(lstm, sequences):
    """The states of each sequence; without packing, padding runs into the backward half."""
    lengths = [len(x) for x in sequences]
    batch = pack_padded_sequence(
        pad_sequence(sequences, batch_first=True), lengths, batch_first=True, enforce_sorted=False)
    states, _ = pad_packed_sequence(lstm(batch)[0], batch_first=True)
    return [y[:t] for y, t in zip(states, lengths)]


def lstm_golden(lengths, inputs, hidden, seed):
    torch.manual_seed(seed)
    lstm = nn.LSTM(inputs, hidden, batch_first=True, bidirectional=True)
    for p in lstm.parameters():
        p.data = torch.randn(p.shape) * (0.5 if p.dim() == 1 else 1 / p.shape[1] ** 0.5)
    x, dy = torch.randn(sum(lengths), inputs, requires_grad=True), torch.randn(sum(lengths), 2 * hidden)
    y = torch.cat(packed(lstm, list(x.split(lengths))))
    y.backward(dy)
    golden = dict(x=x.detach(), dy=dy, y=y.detach(), dx=x.grad)
    for name, p in lstm.named_parameters():
        golden |= {name: p.detach(), f"gradient.{name}": p.grad}
    return golden


class TagModel(nn.Module):
    """transformers' token classifier with a CRF over the words; with `hidden` units also a BiLSTM over a scalar mix."""

    def __init__(self, hidden=None):
        super().__init__()
        base = BertForTokenClassification.from_pretrained(HERE.parent / "tiny-bert", attn_implementation="eager")
        self.bert, self.classifier = base.bert, base.classifier
        self.crf, self.hidden = CRF(len(TAGS), batch_first=True), hidden
        if hidden:
            self.lstm = nn.LSTM(32, hidden, num_layers=2, batch_first=True, bidirectional=True)
            self.hidden2tag = nn.Linear(2 * hidden, len(TAGS))
            # AllenNLP's ScalarMix has a parameter for each state.
            self.scalar_mix = nn.ParameterDict(
                dict(scalar_parameters=torch.randn(3) * 0.5, gamma=torch.tensor([1.3])))
            for p in self.bert.parameters():
                p.requires_grad = False
            del self.classifier

    def forward(self, input_ids, token_type_ids, attention_mask, labels):
        out = self.bert(input_ids, attention_mask, token_type_ids, output_hidden_states=True)
        x = out.last_hidden_state
        if self.hidden:
            shares = self.scalar_mix["scalar_parameters"].softmax(0)
            x = self.scalar_mix["gamma"] * sum(s * h for s, h in zip(shares, out.hidden_states))
        words = [row[tags != IGNORED] for row, tags in zip(x, labels)]
        words = [self.hidden2tag(y) for y in packed(self.lstm, words)] if self.hidden else map(self.classifier, words)
        tags = [row[row != IGNORED] for row in labels]
        emissions = pad_sequence(list(words), batch_first=True)
        mask = pad_sequence([torch.ones_like(t).bool() for t in tags], batch_first=True)
        return -self.crf(emissions, pad_sequence(tags, batch_first=True), mask, reduction="token_mean")


def train(model, name):
    decayed = set(get_parameter_names(model, [nn.LayerNorm], ["bias", "layernorm"]))
    trainable = {n: p for n, p in model.named_parameters() if p.requires_grad}
    groups = [dict(params=[p for n, p in trainable.items() if (n in decayed) == yes], weight_decay=DECAY * yes)
              for yes in (True, False)]
    optimizer = torch.optim.AdamW(groups, lr=RATE)
    schedule = get_linear_schedule_with_warmup(optimizer, STEPS // 10, STEPS)
    losses, norms = [], []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = model(**padded(BATCHES[step % 4]))
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(trainable.values(), 1.0).item())
        losses.append(loss.item())
        optimizer.step()
        schedule.step()
    count = sum(p.numel() for p in trainable.values())
    write_json(HERE / f"{name}.json", dict(losses=losses, gradient_norms=norms, trainable_parameters=count))


def head(model):
    return {n: p.detach().clone() for n, p in model.named_parameters() if not n.startswith(("bert.", "classifier."))}


if __name__ == "__main__":
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    cases = dict(narrow=([3, 1, 7, 4, 7], 5, 6, 1), wide=([2, 9, 1], 33, 17, 2))
    golden = {f"{name}.{k}": v for name, case in cases.items() for k, v in lstm_golden(*case).items()}
    write_tensors(HERE / "lstm.safetensors", golden)
    for name, hidden in (("crf", None), ("bilstm-crf", 10)):
        torch.manual_seed(7)
        model = TagModel(hidden)
        write_tensors(HERE / f"{name}-start.safetensors", head(model))
        train(model, name)
        write_tensors(HERE / f"{name}-final.safetensors", head(model))
