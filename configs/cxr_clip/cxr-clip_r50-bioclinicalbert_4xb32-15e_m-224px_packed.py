# CXR-CLIP on MIMIC-CXR as in cxr-clip_r50-bioclinicalbert_4xb32-15e_m-224px.py, with
# films from a pack: the same studies, crops and texts in the same order, read many
# times as fast. Validation reads the files.
#
#   python tools/misc/pack_dataset.py data/mimic-cxr --size 512 --workers 16
#   bash tools/dist_train.sh \
#       configs/cxr_clip/cxr-clip_r50-bioclinicalbert_4xb32-15e_m-224px_packed.py 4
#
# Any other config takes a pack the same way, or on the command line:
#   --cfg-options train_dataloader.dataset.pipeline.0.transforms.0.pack=512-jpeg
_base_ = './cxr-clip_r50-bioclinicalbert_4xb32-15e_m-224px.py'
train_pipeline = _base_.train_pipeline
train_pipeline[0]['transforms'][0]['pack'] = '512-jpeg'
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
