# The same, in batches of 16 of which most films have a pneumothorax: in each epoch all
# that have one and 0.4 times as many without, as in MRM.
_base_ = './siim_seg_512.py'
train_dataloader = dict(
    batch_size=16, sampler=dict(_delete_=True, type='PositiveSampler', infinite=True))
