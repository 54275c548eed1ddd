# CXR-CLIP, ResNet-50, pre-trained on MIMIC-CXR on one GPU: the whole batch of 128 at
# once, in bfloat16 and channels last.
#
#   python tools/train.py \
#       configs/cxr_clip/cxr-clip_r50-bioclinicalbert_1xb128-15e_m-224px.py
#
# With less memory, the same loss and gradients in micro-batches (batch normalisation
# then sees 32 studies, as it does on each of the four published GPUs without SyncBN):
#   --cfg-options micro_batch=32
# A larger batch likewise; from some thousands on, similarities are scored in blocks.
#   --cfg-options train_dataloader.batch_size=4096 micro_batch=128
# Expected values: none published for this variant, and none measured.
_base_ = './cxr-clip_r50-bioclinicalbert_4xb32-15e_m-224px.py'
model = dict(data_preprocessor=dict(channels_last=True))
micro_batch = None
sync_bn = None
optim_wrapper = dict(type='AutocastOptimWrapper')
train_dataloader = dict(
    batch_size=128,
    num_workers=16)
