"""SpikeGPT in PyTorch in the style of its authors' code: the measure of models/'s speed.

Reads a file of bench/reference_bench (weights under the published names, a batch of tokens and their targets), runs the
same batch forwards, backwards and through Adam, and prints one JSON object: the loss, the gradient's norm, and how many
tokens a second training and evaluation take. As in the published model on a CPU, the WKV recurrence and the LIF neurons
are loops over the time slices of a sequence; everything else sees the whole batch at once.

Needs PyTorch (Debian: python3-torch; libopenblas0-pthread is then its BLAS). No package of spikeloom needs either.
"""
import argparse
import json
import math
import struct
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

ALPHA = 2.0  # steepness of the arctangent surrogate
DTYPES = {"F32": np.float32, "I64": np.int64}


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    header.pop("__metadata__", None)
    return {
        name: torch.from_numpy(
            np.frombuffer(data, DTYPES[entry["dtype"]],
                          offset=entry["data_offsets"][0],
                          count=math.prod(entry["shape"])).reshape(entry["shape"]).copy())
        for name, entry in header.items()
    }


class Fire(torch.autograd.Function):
    """Heaviside's step with the arctangent's derivative."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x >= 0).to(x)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * (ALPHA / 2) / (1 + (math.pi / 2 * ALPHA * x)**2)


class L2Wrap(torch.autograd.Function):
    """The authors' pull of each position's largest logit towards zero."""

    @staticmethod
    def forward(ctx, loss, logits):
        ctx.save_for_backward(logits)
        return loss

    @staticmethod
    def backward(ctx, grad):
        (logits,) = ctx.saved_tensors
        largest, where = logits.max(-1, keepdim=True)
        pull = torch.zeros_like(logits)
        pull.scatter_(-1, where, largest * (1e-4 / (logits.shape[0] * logits.shape[1])))
        return grad, pull


def lif(drive):
    """[B, T, C] -> spikes; tau 2, threshold 1, hard reset to 0 that is part of the graph."""
    v = torch.zeros_like(drive[:, 0])
    spikes = []
    for x in drive.unbind(1):
        v = v + (x - v) / 2.0
        s = Fire.apply(v - 1.0)
        v = v * (1.0 - s)
        spikes.append(s)
    return torch.stack(spikes, 1)


def wkv(decay, first, key, value):
    """The recurrence of RWKV-4 with a running largest exponent."""
    w = -torch.exp(decay)
    p = torch.zeros_like(key[:, 0])
    q = torch.zeros_like(p)
    o = torch.full_like(p, -1e38)
    out = []
    for k, v in zip(key.unbind(1), value.unbind(1)):
        bonus = first + k
        most = torch.maximum(o, bonus)
        a = torch.exp(o - most)
        b = torch.exp(bonus - most)
        out.append((a * p + b * v) / (a * q + b))
        faded = w + o
        most = torch.maximum(faded, k)
        a = torch.exp(faded - most)
        b = torch.exp(k - most)
        p = a * p + b * v
        q = a * q + b
        o = most
    return torch.stack(out, 1)


def linear(inputs, outputs):
    return nn.Linear(inputs, outputs, bias=False)


def mixed(x, mix):
    before = F.pad(x, (0, 0, 1, -1))
    return x * mix + before * (1 - mix)


class TimeMix(nn.Module):

    def __init__(self, channels):
        super().__init__()
        for name in ("time_decay", "time_first"):
            setattr(self, name, nn.Parameter(torch.empty(channels)))
        for name in ("time_mix_k", "time_mix_v", "time_mix_r"):
            setattr(self, name, nn.Parameter(torch.empty(1, 1, channels)))
        for name in ("key", "value", "receptance", "output"):
            setattr(self, name, linear(channels, channels))

    def forward(self, x):
        k = self.key(mixed(x, self.time_mix_k))
        v = self.value(mixed(x, self.time_mix_v))
        r = torch.sigmoid(self.receptance(mixed(x, self.time_mix_r)))
        return self.output(r * wkv(self.time_decay, self.time_first, k, v))


class ChannelMix(nn.Module):

    def __init__(self, channels, hidden):
        super().__init__()
        for name in ("time_mix_k", "time_mix_r"):
            setattr(self, name, nn.Parameter(torch.empty(1, 1, channels)))
        self.key = linear(channels, hidden)
        self.receptance = linear(channels, channels)
        self.value = linear(hidden, channels)

    def forward(self, x):
        k = torch.square(torch.relu(self.key(mixed(x, self.time_mix_k))))
        return torch.sigmoid(self.receptance(mixed(x, self.time_mix_r))) * self.value(k)


class Block(nn.Module):

    def __init__(self, layer, channels, hidden):
        super().__init__()
        if layer == 0:
            self.ln0 = nn.LayerNorm(channels)
        self.ln1 = nn.LayerNorm(channels)
        self.ln2 = nn.LayerNorm(channels)
        self.att = TimeMix(channels)
        self.ffn = ChannelMix(channels, hidden)

    def forward(self, x):
        x = x + lif(self.att(self.ln1(x)))
        return x + lif(self.ffn(self.ln2(x)))


class SpikeGPT(nn.Module):

    def __init__(self, weights):
        super().__init__()
        vocabulary, channels = weights["emb.weight"].shape
        hidden = weights["blocks.0.ffn.key.weight"].shape[0]
        layers = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("blocks."))
        self.emb = nn.Embedding(vocabulary, channels)
        self.blocks = nn.ModuleList(Block(l, channels, hidden) for l in range(layers))
        self.ln_out = nn.LayerNorm(channels)
        self.head = linear(channels, vocabulary)
        self.load_state_dict(weights)

    def forward(self, tokens):
        x = self.blocks[0].ln0(Fire.apply(self.emb(tokens)))
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_out(x))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", help="of reference_bench --out")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3, help="steps and evaluations; the fastest counts")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    weights = read_safetensors(options.file)
    tokens, targets = weights.pop("bench.tokens"), weights.pop("bench.targets")
    model = SpikeGPT(weights)
    optimiser = torch.optim.Adam(model.parameters(), lr=6e-4, betas=(0.9, 0.99), eps=4e-9)

    def loss_of(logits):
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1))

    def train():
        optimiser.zero_grad(set_to_none=True)
        logits = model(tokens)
        loss = loss_of(logits)
        L2Wrap.apply(loss, logits).backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        return loss.item(), norm.item()

    def evaluate():
        with torch.no_grad():
            return loss_of(model(tokens)).item()

    def timed(work):
        start = time.perf_counter()
        result = work()
        return time.perf_counter() - start, result

    evaluations = [timed(evaluate) for _ in range(options.repeat)]
    steps = [timed(train) for _ in range(options.repeat)]
    count = tokens.numel()
    print(
        json.dumps({
            "loss": evaluations[0][1],
            "first_step_loss": steps[0][1][0],
            "first_gradient_norm": steps[0][1][1],
            "last_step_loss": steps[-1][1][0],
            "training_tokens_per_second": count / min(seconds for seconds, _ in steps),
            "evaluation_tokens_per_second": count / min(seconds for seconds, _ in evaluations),
        }))


if __name__ == "__main__":
    main()
