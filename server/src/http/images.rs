//! Images on canvases: `/canvases/{canvas}/files` (CAN-2, FILE-3).

use super::{auth::Caller, canvases::reach_canvas, files::SAFE_POLICY, files::stream, problem::ApiError, uploads::too_large};
use crate::context::Ctx;
use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG},
    post, web,
};
use coord_domain::Refusal;
use coord_domain::canvas;
use coord_protocol::{
    canvas::CanvasImage,
    id::{CanvasId, FileId},
    problem::Problem,
    rule::Rule,
};
use coord_store::{
    StoreError, Tx,
    canvases::{self, Image},
    files::{Key, content::UploadError},
};
use futures_util::StreamExt as _;
use std::time::Duration;
use utoipa_actix_web::service_config::ServiceConfig;

/// Largest image, in bytes.
const MAX_IMAGE: u64 = 10 * 1024 * 1024;

/// Bytes by which a type is told.
const HEAD: usize = 12;

/// A sender that says nothing for this long is gone.
const SILENCE: Duration = Duration::from_secs(60);

pub fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(upload_image);
}

/// The type by the content's first bytes; what a sender calls it does not count. Only types that hold nothing active.
fn media_type(head: &[u8]) -> Option<&'static str> {
    match head {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// Uploads an image for a canvas: the body is its content, at most 10 MiB.
#[utoipa::path(tag = "canvases", params(("canvas" = CanvasId, Path)), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 201, body = CanvasImage), (status = "default", body = Problem, content_type = "application/problem+json")))]
#[post("/canvases/{canvas}/files")]
async fn upload_image(ctx: Ctx, caller: Caller, canvas: web::Path<CanvasId>, mut body: web::Payload) -> Result<HttpResponse, ApiError> {
    let (found, who) = reach_canvas(&mut *ctx.read().await?, caller.id(), *canvas).await?;
    canvas::may_edit(&found, who)?;
    let id = FileId(ctx.ids.uuid());
    let key = Key { of: found.id.0, file: id };
    let limit = MAX_IMAGE.min(ctx.config.max_upload);
    let refused = |error: UploadError| match error {
        UploadError::TooLarge { limit } => too_large(limit),
        UploadError::Store(error) => error.into(),
    };
    // What breaks off here leaves nothing: an upload that is dropped takes itself back.
    let mut upload = ctx.files.upload(key, limit).await?;
    let mut head = Vec::with_capacity(HEAD);
    while let Some(chunk) = actix_web::rt::time::timeout(SILENCE, body.next())
        .await
        .map_err(|_| ApiError::malformed("nothing more of the image came"))?
    {
        let chunk = chunk.map_err(|error| ApiError::malformed(format!("the image broke off: {error}")))?;
        head.extend(chunk.iter().take(HEAD - head.len()));
        upload.write(&chunk).await.map_err(refused)?;
    }
    let Some(media_type) = media_type(&head) else {
        return Err(Refusal::invalid(Rule::File3, "body", "must be a PNG, JPEG, GIF or WebP image").into());
    };
    let written = upload.finish().await?;
    let image = Image {
        id,
        canvas: found.id,
        media_type: media_type.to_owned(),
        size: written.size,
        sha256: written.sha256,
        uploaded_by: caller.id(),
        created_at: ctx.now(),
    };
    let answer = CanvasImage {
        id,
        media_type: image.media_type.clone(),
        size: image.size,
    };
    // Without a row the content is removed at the next start.
    let entered = ctx
        .store
        .write(async move |tx: &mut Tx| canvases::add_image(tx, &image).await)
        .await;
    entered.map_err(|error| match error {
        StoreError::Reference => ApiError::not_found(),
        error => error.into(),
    })?;
    Ok(HttpResponse::Created().json(answer))
}

/// An image's content, for those who may see its canvas.
pub(super) async fn serve(ctx: &Ctx, caller: &Caller, image: &Image) -> Result<HttpResponse, ApiError> {
    reach_canvas(&mut *ctx.read().await?, caller.id(), image.canvas).await?;
    let content = ctx.files.read(image.key(), None).await?.ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, image.media_type.as_str()))
        .insert_header((CONTENT_SECURITY_POLICY, SAFE_POLICY))
        // The content of an id never changes; who may see it can.
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((ETAG, format!("\"{}\"", image.sha256)))
        .no_chunking(u64::try_from(image.size).unwrap_or_default())
        .streaming(stream(content)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_3_an_image_is_what_its_bytes_say() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(media_type(b"RIFF1234WEBP"), Some("image/webp"));
        for other in [&b""[..], b"<svg xmlns=", b"\x89PNG", b"RIFF1234WAVE", b"<html>"] {
            assert_eq!(media_type(other), None);
        }
    }
}
