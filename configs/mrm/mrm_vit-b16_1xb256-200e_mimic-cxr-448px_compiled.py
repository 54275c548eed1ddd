# MRM on one GPU as in mrm_vit-b16_1xb256-200e_mimic-cxr-448px.py, compiled: the first
# iteration takes a minute longer, the others less. Results differ by rounding.
#
#   python tools/train.py \
#       configs/mrm/mrm_vit-b16_1xb256-200e_mimic-cxr-448px_compiled.py
#
# Small batches are faster still when steps are recorded and replayed:
#   --cfg-options train_dataloader.batch_size=32 custom_hooks.0.mode=reduce-overhead
# The blocks alone compile in seconds, and may be made again in the backward pass, with
# less memory:
#   --cfg-options custom_hooks.0.modules="['backbone.layers.*']" \
#       activation_checkpointing="['backbone.layers.*']"
_base_ = './mrm_vit-b16_1xb256-200e_mimic-cxr-448px.py'
custom_hooks = [dict(type='CompileHook', modules=None, mode=None)]
activation_checkpointing = None
# Each number of masked words would be compiled for itself.
train_dataloader = dict(collate_fn=dict(count_multiple=512))
