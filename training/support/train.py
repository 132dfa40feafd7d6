"""Train the cross-encoder: `python -m training.support.train --data … --out …`.

MiniLM-L6, started from the weights of the embedding model, reads the evidence and the claim as one sequence. Its answer
is read off the claim's tokens, their mean and their maximum: a claim is not supported as soon as one word of it is not.
"""

import argparse
import json
import math
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from kb.export import DEFAULT_MODEL, resolve
from training.support import sources
from training.support.dataset import BY_RULE
from training.support.sources import Pair
from worker.answering import evidence

MAX_TOKENS = 160
BATCH_TOKENS = 2_400
LEARNING_RATE = 1.2e-4
SEED = 20261129


class CrossEncoder(torch.nn.Module):
    """(tokens, mask, segments), each int64 [batch, length] -> logit of support, float32 [batch]."""

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = torch.nn.Linear(2 * backbone.config.hidden_size, 1)

    def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
        """Return the logit of each pair; the claim is the second segment."""
        states = self.backbone(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        claim = token_type_ids.unsqueeze(-1).to(states.dtype)
        mean = (states * claim).sum(1) / claim.sum(1).clamp(min=1)
        highest = (states - 1e4 * (1 - claim)).max(1).values
        return self.head(torch.cat([mean, highest], dim=-1)).squeeze(-1)


def load_backbone() -> Any:
    """Return the embedding model's transformer with frozen word vectors, from its checked weights."""
    from transformers import AutoModel

    backbone = AutoModel.from_pretrained(resolve(DEFAULT_MODEL), add_pooling_layer=False, attn_implementation="eager")
    for parameter in backbone.embeddings.word_embeddings.parameters():
        parameter.requires_grad = False
    return backbone


def load_tokenizer() -> Tokenizer:
    """Return the tokenizer, cutting the evidence and never the claim."""
    tokenizer = Tokenizer.from_file(f"{resolve(DEFAULT_MODEL)}/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS, strategy="only_first")
    return tokenizer


def encoded(pairs: list[Pair], tokenizer: Tokenizer) -> list[tuple[list[int], list[int]]]:
    """Return the token and segment ids of each pair, with the evidence chosen as it is in service."""
    texts = [(evidence.select(pair.claim, pair.premise), " ".join(pair.claim.split()[:60])) for pair in pairs]
    return [(encoding.ids, encoding.type_ids) for encoding in tokenizer.encode_batch(texts)]


def weights(pairs: list[Pair]) -> list[float]:
    """Return a weight for each pair, such that the two labels weigh the same in each source."""
    counts = Counter((pair.source, pair.supported) for pair in pairs)
    totals = Counter(pair.source for pair in pairs)
    found = [totals[pair.source] / 2 / counts[pair.source, pair.supported] for pair in pairs]
    return [min(weight, 3.0) for weight in found]


def batches(lengths: list[int], chance: random.Random) -> list[list[int]]:
    """Return the places of pairs of similar length, in batches of about BATCH_TOKENS, in random order."""
    order = sorted(range(len(lengths)), key=lambda place: lengths[place] + chance.random() * 8)
    found: list[list[int]] = [[]]
    for place in order:
        if found[-1] and (len(found[-1]) + 1) * lengths[place] > BATCH_TOKENS:
            found.append([])
        found[-1].append(place)
    chance.shuffle(found)
    return found


def padded(rows: list[tuple[list[int], list[int]]]) -> tuple[Any, Any, Any]:
    """Return token ids, mask and segment ids of one batch."""
    width = -(-max(len(ids) for ids, _ in rows) // 16) * 16
    ids = torch.tensor([row + [0] * (width - len(row)) for row, _ in rows])
    types = torch.tensor([row + [0] * (width - len(row)) for _, row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row, _ in rows])
    return ids, mask, types


def train(pairs: list[Pair], *, epochs: int, out: Path, start: Path | None, rate: float, seed: int) -> CrossEncoder:
    """Train on pairs and write the weights; the same for the same pairs on the same machine."""
    torch.manual_seed(seed)
    chance = random.Random(seed)
    model = CrossEncoder(load_backbone())
    if start is not None:
        model.load_state_dict(torch.load(start))
    rows, weight = encoded(pairs, load_tokenizer()), torch.tensor(weights(pairs))
    labels = torch.tensor([float(pair.supported) for pair in pairs])
    plan = [batch for _ in range(epochs) for batch in batches([len(ids) for ids, _ in rows], chance)]
    optimizer = torch.optim.AdamW([one for one in model.parameters() if one.requires_grad], lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / (0.08 * len(plan))) * max(0.02, 1 - step / len(plan))
    )
    print(f"{len(pairs)} pairs, {sum(len(ids) for ids, _ in rows)} tokens, {len(plan)} steps", flush=True)
    began, running = time.monotonic(), math.log(2)
    model.train()
    for step, batch in enumerate(plan):
        ids, mask, types = padded([rows[place] for place in batch])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(ids, mask, types).float()
        losses = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels[batch], reduction="none")
        loss = (losses * weight[batch]).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        running = 0.98 * running + 0.02 * float(loss.detach())
        if step % 25 == 0:
            print(f"step {step} loss {running:.3f} {time.monotonic() - began:.0f} s", flush=True)
        if step % 200 == 199:
            torch.save(model.state_dict(), out / "weights.pt")
    torch.save(model.state_dict(), out / "weights.pt")
    return model.eval()


def main() -> None:
    """Train, and write weights.pt and training.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that training.support.dataset wrote")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rate", type=float, default=LEARNING_RATE)
    parser.add_argument("--start", type=Path, help="weights.pt to go on from")
    parser.add_argument("--seed", type=int, default=SEED, help="another one where training goes on")
    parser.add_argument("--by-rule", type=float, default=1.0, help="share of the pairs made by rule that is read")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    chance = random.Random(arguments.seed)
    pairs = [
        pair
        for pair in sources.read(arguments.data / "train.jsonl")
        if pair.source not in BY_RULE or chance.random() < arguments.by_rule
    ]
    began = time.monotonic()
    train(
        pairs,
        epochs=arguments.epochs,
        out=arguments.out,
        start=arguments.start,
        rate=arguments.rate,
        seed=arguments.seed,
    )
    summary = {"pairs": len(pairs), "epochs": arguments.epochs, "minutes": round((time.monotonic() - began) / 60, 1)}
    (arguments.out / "training.json").write_text(json.dumps(summary) + "\n")


if __name__ == "__main__":
    main()
