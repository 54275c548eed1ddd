# Full fine-tuning: as the linear probe, with the encoder trained too.
_base_ = './linear-probe_cxr-clip_r50.py'
model = dict(freeze_backbone=False)
