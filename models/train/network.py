"""The networks that were compared."""

from __future__ import annotations

from typing import Any

NETWORKS = ("features", "small", "wide")
"""``features``: no picture at all; ``small`` and ``wide``: three strided convolutions of different width."""
CHANNELS = {"small": (8, 16, 24), "wide": (16, 32, 48)}
HIDDEN = {"features": 64, "small": 48, "wide": 96}


def build_network(name: str, feature_count: int, label_count: int) -> Any:
    """Make a network; ``forward(image, features)`` gives the logits.

    Parameters
    ----------
    name
        One of ``NETWORKS``.
    feature_count, label_count
        Sizes of the second input and of the output.

    Raises
    ------
    ValueError
        If there is no such network.
    """
    import torch
    from torch import nn

    if name not in NETWORKS:
        raise ValueError(f"no network {name!r}; choose from {', '.join(NETWORKS)}")

    class Network(nn.Module):  # type: ignore[misc]  # torch is not analysed
        """Convolutions over the picture, their mean and maximum beside the features, two dense layers."""

        def __init__(self) -> None:
            super().__init__()
            self.convolutions = nn.ModuleList()
            self.normalisations = nn.ModuleList()
            before = 1
            for width in CHANNELS.get(name, ()):
                self.convolutions.append(nn.Conv2d(before, width, 3, stride=2, padding=1))
                self.normalisations.append(nn.BatchNorm2d(width))
                before = width
            pooled = 2 * before if self.convolutions else 0
            self.first = nn.Linear(pooled + feature_count, HIDDEN[name])
            self.second = nn.Linear(HIDDEN[name], label_count)
            self.dropout = nn.Dropout(0.15)

        def joined(self, image: Any, features: Any) -> Any:
            """Features beside the pooled maps: what the dense layers see."""
            parts = [features]
            if self.convolutions:
                x = image
                for convolution, normalisation in zip(self.convolutions, self.normalisations, strict=True):
                    x = torch.relu(normalisation(convolution(x)))
                parts += [x.mean(dim=(2, 3)), x.amax(dim=(2, 3))]
            return torch.cat(parts, dim=1)

        def logits(self, joined: Any) -> Any:
            """The dense layers."""
            return self.second(self.dropout(torch.relu(self.first(joined))))

        def forward(self, image: Any, features: Any) -> Any:
            """Logits of a batch."""
            return self.logits(self.joined(image, features))

    return Network()
