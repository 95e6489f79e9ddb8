# tfdis and all that its commands need, for the CPU or for NVIDIA GPUs:
#
#   docker build -t tfdis .
#   docker build -t tfdis-gpu --build-arg EXTRAS=gpu,onnx,torch,wandb .
#   docker run --rm -v "$PWD:/work" tfdis tfdis-train --gin_file=beta_tcvae.gin
#   docker run --rm --gpus all -v "$PWD:/work" tfdis-gpu tfdis-train --gin_file=beta_tcvae.gin
#
# CUDA's libraries come from PyPI with the extra "gpu"; the host has the driver and
# nvidia-container-toolkit.
ARG PYTHON=3.11
FROM python:${PYTHON}-slim

ARG EXTRAS=onnx,torch,wandb
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

WORKDIR /opt/tfdis
COPY setup.cfg pyproject.toml constraints.txt README.md LICENSE ./
COPY gin_configs gin_configs
COPY tfdis tfdis
RUN pip install --no-cache-dir --constraint constraints.txt --extra-index-url "${TORCH_INDEX}" \
    ".[${EXTRAS}]"

WORKDIR /work
CMD ["tfdis-train", "--help"]
