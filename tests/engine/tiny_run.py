"""A training run of seconds."""

import torch
from mmengine.dataset import BaseDataset
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

from mmcxr.torchvision_schema import ensure_torchvision

ensure_torchvision()  # the runner's report on the machine imports it
MEMORY = dict(type='DefaultSampler', shuffle=False)


class Numbers(BaseDataset):
    """Eight fixed points."""

    METAINFO = dict(classes=('low', 'high'))

    def load_data_list(self):
        return [dict(value=i / 8) for i in range(8)]


class TinyModel(BaseModel):
    """A line through the points, with batch statistics."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Linear(1, 5), nn.BatchNorm1d(5))
        self.head = nn.Linear(5, 1)

    def forward(self, value, sample_idx=None, mode='tensor'):
        value = torch.tensor(value)[:, None]
        found = self.head(self.body(value))
        return dict(loss=(found - value.sin()).square().mean())


def tiny_run(work_dir, max_epochs: int, name: str, schedule: str = 'cosine', **options):
    """Runner with averaged weights, schedules and a log, as ours have."""
    schedules = dict(
        cosine=[
            dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=2),
            dict(type='CosineAnnealingLR', T_max=3, by_epoch=True),
        ],
        one_cycle=[dict(type='OneCycleLR', eta_max=0.1, total_steps=8, by_epoch=False)],
    )
    loader = dict(batch_size=4, num_workers=0, sampler=MEMORY)
    return Runner(
        model=TinyModel(),
        work_dir=str(work_dir),
        train_dataloader=dict(loader, dataset=Numbers()),
        train_cfg=dict(by_epoch=True, max_epochs=max_epochs),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.05, betas=(0.8, 0.9))),
        param_scheduler=schedules[schedule],
        custom_hooks=[dict(type='EMAHook', momentum=0.3)],
        default_hooks=options.pop('default_hooks', dict(logger=None)),
        experiment_name=name,
        default_scope='mmcxr',
        log_level='ERROR',
        **options,
    )
