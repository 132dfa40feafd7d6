# syntax=docker/dockerfile:1

FROM python:3.11-slim
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir --constraint requirements.lock . \
 && rm -rf /src \
 && useradd --create-home --uid 10001 answerback \
 && install --directory --owner=answerback /data
WORKDIR /data
USER answerback
ENV ANSWERBACK_HOME=/data \
    ANSWERBACK_HOST=0.0.0.0 \
    OMP_NUM_THREADS=1 \
    TOKENIZERS_PARALLELISM=false
EXPOSE 8000
CMD ["answerback", "web"]
