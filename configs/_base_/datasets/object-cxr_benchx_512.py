# Object-CXR foreign objects, the challenge's split: 8,000 / 1,000 / 1,000. An ellipse is
# drawn as one; BenchX fills its box.
_base_ = './benchx_masks_512.py'
data_root = 'data/object-cxr'
object_cxr_dataset = dict(type='ObjectCXRSeg', data_root=data_root)
train_dataloader = dict(dataset=object_cxr_dataset)
val_dataloader = dict(dataset=object_cxr_dataset)
test_dataloader = dict(dataset=object_cxr_dataset)
