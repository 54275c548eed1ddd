# MRM as in mrm_vit-b16_1xb256-200e_mimic-cxr-448px.py on four GPUs, which share
# parameters, gradients and optimizer state (FSDP2): for models too large for one.
#
#   bash tools/dist_train.sh \
#       configs/mrm/mrm_vit-b16_4xb64-200e_mimic-cxr-448px_sharded.py 4
#
# Checkpoints are those of a single process.
_base_ = './mrm_vit-b16_1xb256-200e_mimic-cxr-448px.py'
runner_type = 'FlexibleRunner'
strategy = dict(
    type='mmcxr.FullyShardedStrategy',
    modules=[
        'backbone.layers.*',
        'image_decoder.decoder_blocks.*',
        'report_model.bert.encoder.layer.*',
    ])
train_dataloader = dict(batch_size=64, num_workers=8)
