# The learning rates that MRM's released code comes to. Its constructor refuses the class of
# its own backbone; renamed to pass, it looks for blocks under another name, so only class
# token, positions and patch embedding are slowed, to 0.65^13, and all blocks learn at the
# full rate. Class token, positions and tables of relative positions are decayed.
#   bash tools/dist_train.sh \
#       configs/benchmarks/segmentation/siim/upernet_mrm_vit-b16_4xb2-160k_siim-512px_released.py \
#       4 --cfg-options model.backbone.init_cfg.checkpoint=MRM.pth
# Everything else is as in the config without `released`, which also names what is expected.
_base_ = './upernet_mrm_vit-b16_4xb2-160k_siim-512px.py'
_slow = 0.65**13
optim_wrapper = dict(
    constructor='DefaultOptimWrapperConstructor',
    paramwise_cfg=dict(
        _delete_=True,
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
        flat_decay_mult=0.0,
        custom_keys={
            'backbone.cls_token': dict(lr_mult=_slow),
            'backbone.pos_embed': dict(lr_mult=_slow),
            'backbone.patch_embed': dict(lr_mult=_slow),
            'backbone.patch_embed.projection.bias': dict(
                lr_mult=_slow, decay_mult=0.0),
        }))
