# 10 % of the training films with the learning rates that MRM's released code comes to.
#   bash tools/dist_train.sh \
#       configs/benchmarks/segmentation/siim/upernet_mrm_vit-b16_4xb2-5k_siim-512px_released.py \
#       4 --cfg-options model.backbone.init_cfg.checkpoint=MRM.pth
_base_ = './upernet_mrm_vit-b16_4xb2-160k_siim-512px_released.py'
train_dataloader = dict(dataset=dict(fraction=0.1))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=101),
    dict(type='PolyLR', power=1.0, eta_min=0.0, by_epoch=False, begin=0, end=5001),
]
train_cfg = dict(max_iters=5000, val_interval=50)
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=1000))
