"""The small cross-encoder of this project, and how it is trained.

MiniLM-L6, started from the weights of the embedding model, reads two texts as one sequence. Its logit is read off the
tokens of the second text, their mean and their maximum; a second head marks tokens.
"""

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from kb.model_sources import DEFAULT_MODEL, resolve

cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits

BATCH_TOKENS = 2_400

#: How much the marks of tokens weigh in the loss; the pairs weigh 1.
MARKS_SHARE = 0.5

#: How much a marked token weighs against one that is not.
MARKED_WEIGHT = 4

LEARNING_RATE = 1.2e-4
SEED = 20261129


class CrossEncoder(torch.nn.Module):
    """(tokens, mask, segments), each int64 [batch, length] -> a logit for each pair, float32 [batch]."""

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = torch.nn.Linear(2 * backbone.config.hidden_size, 1)
        self.marks = torch.nn.Linear(backbone.config.hidden_size, 1)

    def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
        """Return the logit of each pair."""
        return self.read(input_ids, attention_mask, token_type_ids)[0]

    def read(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> tuple[Any, Any]:
        """Return the logit of each pair, and of each token the logit that it is marked."""
        states = self.backbone(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        second = token_type_ids.unsqueeze(-1).to(states.dtype)
        mean = (states * second).sum(1) / second.sum(1).clamp(min=1)
        highest = (states - 1e4 * (1 - second)).max(1).values
        return self.head(torch.cat([mean, highest], dim=-1)).squeeze(-1), self.marks(states).squeeze(-1)


def load_backbone() -> Any:
    """Return the embedding model's transformer with frozen word vectors, from its checked weights."""
    from transformers import AutoModel

    backbone = AutoModel.from_pretrained(resolve(DEFAULT_MODEL), add_pooling_layer=False, attn_implementation="eager")
    for parameter in backbone.embeddings.word_embeddings.parameters():
        parameter.requires_grad = False
    return backbone


def load_tokenizer(*, max_tokens: int) -> Tokenizer:
    """Return the tokenizer, cutting the first text and never the second."""
    tokenizer = Tokenizer.from_file(f"{resolve(DEFAULT_MODEL)}/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens, strategy="only_first")
    return tokenizer


@dataclass(frozen=True, kw_only=True)
class Row:
    """A pair of texts as the model reads it.

    Attributes:
        ids, segments: one for each token.
        marks: for each token 1 where it is marked, 0 where it is not, -1 where neither is known.
        label: 1 or 0.
        weight: how much the pair counts in the loss.
    """

    ids: list[int]
    segments: list[int]
    marks: list[int]
    label: float
    weight: float


def fit(
    rows: Sequence[Row],
    *,
    epochs: int,
    out: Path,
    start: Path | None = None,
    rate: float = LEARNING_RATE,
    seed: int = SEED,
    frozen: int = 0,
) -> CrossEncoder:
    """Train on rows and write `weights.pt`, also every 50 steps; the same for the same rows on the same machine.

    `start` are weights to go on from, and `frozen` counts the lower layers that stay as they are.
    """
    torch.manual_seed(seed)
    chance = random.Random(seed)
    model = CrossEncoder(load_backbone())
    if start is not None:
        model.load_state_dict(torch.load(start), strict=False)
    for part in (model.backbone.embeddings, *model.backbone.encoder.layer[:frozen]) if frozen else ():
        part.requires_grad_(False)
    plan = [batch for _ in range(epochs) for batch in _batches([len(row.ids) for row in rows], chance)]
    optimizer = torch.optim.AdamW([one for one in model.parameters() if one.requires_grad], lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / (0.08 * len(plan))) * max(0.02, 1 - step / len(plan))
    )
    print(f"{len(rows)} pairs, {sum(len(row.ids) for row in rows)} tokens, {len(plan)} steps", flush=True)
    began, running = time.monotonic(), math.log(2)
    model.train()
    for step, batch in enumerate(plan):
        loss = _loss(model, [rows[place] for place in batch])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        running = 0.98 * running + 0.02 * float(loss.detach())
        if step % 25 == 0:
            print(f"step {step} loss {running:.3f} {time.monotonic() - began:.0f} s", flush=True)
        if step % 50 == 49:
            torch.save(model.state_dict(), out / "weights.pt")
    torch.save(model.state_dict(), out / "weights.pt")
    return model.eval()


def _loss(model: CrossEncoder, rows: Sequence[Row]) -> Any:
    ids, mask, types, marks = _padded(rows)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=torch.cpu._is_avx512_bf16_supported()):
        logits, marked = (found.float() for found in model.read(ids, mask, types))
    labels, weights = torch.tensor([row.label for row in rows]), torch.tensor([row.weight for row in rows])
    loss = (cross_entropy(logits, labels, reduction="none") * weights).mean()
    if (known := marks >= 0).any():
        wanted = marks[known].float()
        weight = 1 + (MARKED_WEIGHT - 1) * wanted
        loss = loss + MARKS_SHARE * cross_entropy(marked[known], wanted, weight=weight)
    return loss


def _batches(lengths: Sequence[int], chance: random.Random) -> list[list[int]]:
    """Return the places of pairs of similar length, in batches of about BATCH_TOKENS, in random order."""
    order = sorted(range(len(lengths)), key=lambda place: lengths[place] + chance.random() * 8)
    found: list[list[int]] = [[]]
    for place in order:
        if found[-1] and (len(found[-1]) + 1) * lengths[place] > BATCH_TOKENS:
            found.append([])
        found[-1].append(place)
    chance.shuffle(found)
    return found


def _padded(rows: Sequence[Row]) -> tuple[Any, Any, Any, Any]:
    """Return token ids, mask, segment ids and marks of one batch."""
    width = -(-max(len(row.ids) for row in rows) // 16) * 16

    def filled(values: list[int], filler: int) -> list[int]:
        return values + [filler] * (width - len(values))

    return (
        torch.tensor([filled(row.ids, 0) for row in rows]),
        torch.tensor([filled([1] * len(row.ids), 0) for row in rows]),
        torch.tensor([filled(row.segments, 0) for row in rows]),
        torch.tensor([filled(row.marks, -1) for row in rows]),
    )
