# MRM on one GPU as in mrm_vit-b16_1xb256-200e_mimic-cxr-448px.py, its blocks compiled:
# the first iteration takes longer, the others less. Results differ by rounding.
#
#   python tools/train.py \
#       configs/mrm/mrm_vit-b16_1xb256-200e_mimic-cxr-448px_compiled.py
#
# Blocks whose activations are made again in the backward pass, with less memory:
#   --cfg-options activation_checkpointing="['backbone.layers.*']"
_base_ = './mrm_vit-b16_1xb256-200e_mimic-cxr-448px.py'
custom_hooks = [
    dict(
        type='CompileHook',
        modules=[
            'backbone.layers.*',
            'image_decoder.decoder_blocks.*',
            'report_model.bert.encoder.layer.*',
        ])
]
activation_checkpointing = None
