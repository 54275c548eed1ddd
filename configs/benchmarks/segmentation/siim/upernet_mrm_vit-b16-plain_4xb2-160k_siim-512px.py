# MRM's encoder as it was pre-trained, without relative positions and layer scales, under the
# same UPerNet: what these two add, and a start for any other ViT of mmpretrain.
#   bash tools/dist_train.sh \
#       configs/benchmarks/segmentation/siim/upernet_mrm_vit-b16-plain_4xb2-160k_siim-512px.py \
#       4 --cfg-options model.backbone.init_cfg.checkpoint=MRM.pth
# No published value.
_base_ = './upernet_mrm_vit-b16_4xb2-160k_siim-512px.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmpretrain.VisionTransformer',
        arch='base',
        img_size=512,
        patch_size=16,
        out_type='featmap',
        out_indices=(3, 5, 7, 11),
        final_norm=False,
        drop_path_rate=0.1,
        norm_cfg=dict(type='LN', eps=1e-6),
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/MRM.pth', prefix='backbone.',
            allow_unexpected=['ln1.*'])))
optim_wrapper = dict(paramwise_cfg=dict(undecayed=('cls_token', 'pos_embed')))
