# syntax=docker/dockerfile:1

# Exports the embedding model once; torch stays in this stage.
FROM python:3.11-slim AS model
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir --constraint requirements.lock '.[export]' \
 && ANSWERBACK_MODEL_DIR=/models answerback model

FROM python:3.11-slim
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir --constraint requirements.lock . \
 && rm -rf /src \
 && useradd --create-home --uid 10001 answerback \
 && install --directory --owner=answerback /data
COPY --from=model /models /models
WORKDIR /data
USER answerback
ENV ANSWERBACK_HOME=/data \
    ANSWERBACK_MODEL_DIR=/models \
    ANSWERBACK_HOST=0.0.0.0 \
    OMP_NUM_THREADS=1 \
    TOKENIZERS_PARALLELISM=false
EXPOSE 8000
CMD ["answerback", "web"]
