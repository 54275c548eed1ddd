"""Drop path of the published Swin models can be stated in a config.

Released code (transformers 4.24 to 4.26): 0.1 in every block, on the attention
branch alone. Intended: growing linearly to 0.1, on both branches.
"""

import pytest

from mmcxr.registry import MODELS

TINY = dict(embed_dims=12, depths=[2, 2], num_heads=[1, 2])
RELEASED = dict(
    drop_path_rate=0.0,
    stage_cfgs=dict(
        block_cfgs=dict(
            attn_cfgs=dict(dropout_layer=dict(type='DropPath', drop_prob=0.1))
        )
    ),
)


def rates(**options):
    backbone = MODELS.build(
        dict(
            type='mmpretrain.SwinTransformer',
            arch=TINY,
            img_size=32,
            window_size=2,
            out_indices=(1,),
            **options,
        )
    )
    blocks = [block for stage in backbone.stages for block in stage.blocks]
    attention = [getattr(b.attn.drop, 'drop_prob', 0.0) for b in blocks]
    mlp = [getattr(b.ffn.dropout_layer, 'drop_prob', 0.0) for b in blocks]
    return attention, mlp


def test_released():
    assert rates(**RELEASED) == ([0.1] * 4, [0.0] * 4)


def test_intended():
    expected = pytest.approx([0, 0.1 / 3, 0.2 / 3, 0.1])
    attention, mlp = rates(drop_path_rate=0.1)
    assert attention == expected
    assert mlp == expected
