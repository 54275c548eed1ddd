"""A regression small enough to train in a test, for tests of tools and engine.

Configs take it in by ``custom_imports = dict(imports='toy_parts')``.
"""

import time

import torch
from mmengine.dataset import BaseDataset
from mmengine.dist import all_reduce
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from torch import nn

from mmcxr.registry import DATASETS, METRICS, MODELS

RUNTIME = 'configs/_base_/default_runtime.py'
CONFIG = """
_base_ = '{runtime}'
custom_imports = dict(imports='toy_parts')
model = dict(type='ToyRegressor', channels=3, dropout=0.5)
train_dataloader = dict(
    batch_size=4, num_workers=0, collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='ToyPoints', length=16, data_root='{data}'))
val_dataloader = dict(
    batch_size=4, collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ToyPoints', length=8, data_root='{data}'))
test_dataloader = val_dataloader
val_evaluator = dict(type='ToyError')
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.05))
param_scheduler = dict(type='WarmupCosineLR', warmup=1, convert_to_iter_based=True)
train_cfg = dict(by_epoch=True, max_epochs=3, val_interval=1)
val_cfg = dict()
test_cfg = dict()
default_hooks = dict(logger=dict(interval=1))
"""


def write_config(folder, runtime_dir, extra: str = ''):
    """Write the toy config and its data folder; returns the config's path."""
    data = folder / 'films'
    data.mkdir(exist_ok=True)
    text = CONFIG.format(runtime=runtime_dir / RUNTIME, data=data)
    path = folder / 'toy.py'
    path.write_text(text + extra)
    return path


@DATASETS.register_module()
class ToyPoints(BaseDataset):
    """Points ``x`` with target ``y = sum(x)``, the same for each index in each run.

    Another ``split_scheme`` is other points.
    """

    METAINFO = dict(classes=('point',))

    def __init__(
        self,
        length: int,
        data_root: str = '',
        pipeline: list = (),
        delay: float = 0,
        fraction: float = 1.0,
        split_scheme: str = '',
    ):
        self.length = round(fraction * length)
        self.delay = delay
        self.split_scheme = split_scheme
        super().__init__(
            metainfo=dict(split_scheme=split_scheme),
            data_root=data_root,
            pipeline=list(pipeline),
            serialize_data=False,
        )

    def load_data_list(self) -> list[dict]:
        seed = 5 + sum(map(ord, self.split_scheme))
        x = torch.randn(self.length, 3, generator=torch.Generator().manual_seed(seed))
        return [dict(x=row, y=row.sum()) for row in x]

    def prepare_data(self, idx: int):
        time.sleep(self.delay)
        return super().prepare_data(idx)


@MODELS.register_module()
class ToyRegressor(BaseModel):
    """One linear layer behind dropout; keeps every loss in ``LOSSES``.

    ``whole`` in the log is the loss over all ranks.
    """

    LOSSES: list[float] = []

    def __init__(self, channels: int, dropout: float = 0, norm_cfg: dict | None = None):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(channels, 1)
        self.norm = nn.BatchNorm1d(channels) if norm_cfg else nn.Identity()
        self.register_buffer('mask', torch.ones(2, dtype=torch.bool))

    def init_weights(self) -> None:
        nn.init.constant_(self.linear.weight, 0.1)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x, y, sample_idx=None, mode='tensor'):
        guess = self.linear(self.dropout(self.norm(x)))[:, 0]
        if mode != 'loss':
            return [dict(error=e) for e in (guess - y).abs()]
        loss = (guess - y).pow(2).mean()
        self.LOSSES.append(loss.item())
        whole = loss.detach().clone()
        all_reduce(whole, 'mean')
        return dict(loss=loss, whole=whole)  # without `loss` in its name: logged only


@METRICS.register_module()
class ToyError(BaseMetric):
    """Mean absolute error."""

    default_prefix = 'toy'

    def process(self, data_batch, data_samples):
        self.results += [sample['error'].item() for sample in data_samples]

    def compute_metrics(self, results):
        return dict(error=sum(results) / len(results))
