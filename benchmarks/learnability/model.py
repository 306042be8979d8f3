"""A small transformer that reads pictures and scores the options of questions.

What belongs here: the network. What does not: how it is trained (`training`).

Pictures are cut into patches, as by ViT (Dosovitskiy et al. 2021). Each option of a question is a
query for each picture that is shown: for a figure, or for every frame of a video. In each layer a
query looks at the patches of its picture, by attention (Vaswani et al. 2017), and then at the other
queries of its question, so that options and frames are compared. Nothing is pretrained.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.learnability.exercises import Content


@dataclass(frozen=True)
class Shape:
    """The size of a model.

    Attributes:
        patch: Pixels of a patch's side.
        width: Of all hidden vectors.
        heads: Of attention.
        layers: In which queries look at patches and at each other.
        waves: Frequencies that tell the place of a patch, along each axis.
    """

    patch: int = 8
    width: int = 96
    heads: int = 6
    layers: int = 3
    waves: int = 8


@dataclass(frozen=True, eq=False)
class Seen:
    """Encoded pictures. All layers look at the same keys and values, which is most of the work.

    Attributes:
        keys: (pictures, patches, width), by which patches are found.
        values: (pictures, patches, width), what they show.
    """

    keys: Tensor
    values: Tensor


def _widened(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))


def _attend(asking: Tensor, keys: Tensor, values: Tensor, heads: int) -> Tensor:
    """Attention of (N, Q, width) to (N, K, width) with several heads."""
    split = [each.unflatten(-1, (heads, -1)).transpose(1, 2) for each in (asking, keys, values)]
    return functional.scaled_dot_product_attention(*split).transpose(1, 2).flatten(2)


class Layer(nn.Module):
    """Queries look at patches, then at each other."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.look = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.compare = nn.ModuleList(nn.Linear(width, width) for _ in range(4))
        self.widened = _widened(width)

    def forward(self, queries: Tensor, seen: Seen | None) -> Tensor:
        """One step of reading.

        Args:
            queries: (windows, tasks, options, frames, width).
            seen: The pictures, a row for each frame of each window; None for a blind model.

        Returns:
            The queries, changed.
        """
        windows, tasks, options, frames, width = queries.shape
        if seen is not None:
            ask, out = self.look
            asking = self.norms[0](queries).permute(0, 3, 1, 2, 4).flatten(0, 1).flatten(1, 2)
            found = out(_attend(ask(asking), seen.keys, seen.values, self.heads))
            found = found.view(windows, frames, tasks, options, width).permute(0, 2, 3, 1, 4)
            queries = queries + found
        ask, key, value, out = self.compare
        flat = self.norms[1](queries).reshape(windows * tasks, options * frames, width)
        found = out(_attend(ask(flat), key(flat), value(flat), self.heads))
        queries = queries + found.view(queries.shape)
        return queries + self.widened(self.norms[2](queries))


class Reader(nn.Module):
    """Scores the options of questions about pictures, or without pictures."""

    def __init__(self, content: Content, shape: Shape) -> None:
        """Begin with random weights.

        Args:
            content: How many words, tasks and frames there are, and the size of pictures: multiples
                of a patch's side.
            shape: The size of the model.
        """
        super().__init__()
        width, side = shape.width, shape.patch
        self.side, self.columns, self.rows = side, content.width // side, content.height // side
        self.words = nn.Embedding(content.words + 1, width, padding_idx=0)
        # A word begins with much the same meaning whatever it tells of.
        shared, own = torch.randn(1, width, width), torch.randn(content.roles, width, width)
        self.roles = nn.Parameter((shared + own) / (2 * width) ** 0.5)
        self.frame_role = nn.Parameter(shared[0] / width**0.5)
        self.bind = nn.Linear(width, width)
        self.register_buffer("frames", torch.tensor(content.frames, dtype=torch.long))
        self.tasks = nn.Embedding(len(content.tasks), width)
        self.text = _widened(width)
        self.register_buffer("places", _places(self.rows, self.columns, shape.waves))
        self.pixels = nn.Linear(3 * side * side, width)
        self.place = nn.Linear(4 * shape.waves, width)
        self.patch_norm = nn.LayerNorm(width)
        self.key = nn.Linear(width, width)
        self.key_place = nn.Linear(4 * shape.waves, width)
        self.value = nn.Linear(width, width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(width)
        self.score = nn.Linear(width, 1)
        self.gate = nn.Linear(width, 1)

    def see(self, pixels: Tensor) -> Seen:
        """Encode pictures: (pictures, height, width, 3) uint8."""
        side = self.side
        cut = pixels.view(len(pixels), self.rows, side, self.columns, side, 3).transpose(2, 3)
        patches = cut.reshape(len(pixels), self.rows * self.columns, -1).float() / 127.5 - 1
        patches = functional.gelu(self.pixels(patches) + self.place(self.places))
        patches = self.patch_norm(patches)
        return Seen(self.key(patches) + self.key_place(self.places), self.value(patches))

    def forward(self, seen: Seen | None, shown: Tensor, words: Tensor, tasks: Tensor) -> Tensor:
        """Score options.

        Args:
            seen: The pictures; None for a blind model.
            shown: (windows, frames) indices of the pictures that are shown of each window.
            words: (windows, tasks, options, roles, words) numbers of words, 0 for none.
            tasks: (tasks,) numbers of the tasks.

        Returns:
            (windows, tasks, options).
        """
        told = self.words(words).sum(dim=-2)
        queries = torch.einsum("wtord,rde->wtoe", told, self.roles)
        queries = queries + self.tasks(tasks)[None, :, None]
        queries = (queries + self.text(queries))[:, :, :, None]
        if shown.shape[1] > 1:  # a figure is no frame
            frames = self.words(self.frames).sum(dim=-2) @ self.frame_role
            # The product tells at once whether a query names the frame that it looks at.
            queries = queries + frames + self.bind(queries * frames)
        if seen is not None:
            rows = shown.flatten()
            seen = Seen(seen.keys.index_select(0, rows), seen.values.index_select(0, rows))
        for layer in self.layers:
            queries = layer(queries, seen)
        # Each query chooses which frames it listens to.
        weights = self.gate(queries).softmax(dim=3)
        scores: Tensor = self.score(self.norm((weights * queries).sum(dim=3))).squeeze(-1)
        return scores


def _places(rows: int, columns: int, waves: int) -> Tensor:
    """(rows * columns, 4 * waves) sines and cosines of where each patch is."""
    down = torch.linspace(0, 1, rows)[:, None].expand(rows, columns)
    across = torch.linspace(0, 1, columns)[None].expand(rows, columns)
    angles = [math.pi * k * axis for axis in (across, down) for k in range(1, waves + 1)]
    both = [wave for angle in angles for wave in (angle.sin(), angle.cos())]
    return torch.stack(both, dim=-1).flatten(0, 1)
