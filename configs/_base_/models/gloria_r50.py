# GLoRIA with ResNet-50 and BERT-base, as released; built without any download. Films
# come at 224 px and are brought to 299 in the model.
model = dict(
    type='GLoRIA',
    data_preprocessor=dict(
        type='FilmPreprocessor', mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
    image_backbone=dict(type='mmpretrain.ResNet', depth=50, out_indices=(2, 3)),
    image_channels=2048,
    region_channels=1024,
    text_backbone=dict(type='BertEncoder', config=dict(vocab_size=28996)),
    embed_dims=768,
    tokenizer=dict(
        type='GLoRIATokenizer', name='emilyalsentzer/Bio_ClinicalBERT'))
# What the published file is, and how its authors see films.
published = dict(
    checkpoint='checkpoints/chexpert_resnet50.ckpt',
    film_pipeline=[
        dict(type='FilmFit', size=256, interpolation='area'),
        dict(type='FilmCenterCrop', size=224)])
