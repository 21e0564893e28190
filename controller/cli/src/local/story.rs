//! The whole story on one machine: sign, trust, import, deploy, ask, prove.

mod stages;

use std::path::{Path, PathBuf};
use std::time::Instant;

use cloister_api::{DeployRequest, ModelDetail, NewKeyRequest, Role, paths};
use secrecy::SecretString;

use super::children::invoked_as;
use super::fleet::Fleet;
use super::layout::Layout;
use crate::chat::{Answer, Message, Request, StreamOptions, ask};
use crate::client::Client;
use crate::commands::{
    create_key, deploy, ensure_keys, fetch_evidence, import, sign_model, speeds, trusted_or_trust,
    verify_file, wait_ready,
};
use crate::config::Target;
use crate::error::CliError;
use crate::output::{Output, Style};
use crate::render::units::short_digest;
use stages::Stages;

/// The deployment that the story makes.
pub(crate) const DEPLOYMENT: &str = "quickstart";

const SYSTEM: &str = "You are a careful assistant in a hospital. Answer briefly and in plain words.";
/// Made up: no patient, no ward and no clinician in it exists.
const QUESTION: &str = "Clinical note (invented): 67-year-old patient, three days after hip replacement. \
    Temperature 38.4, heart rate 104, the wound is red and warm, mild confusion since this morning. \
    Takes metformin and ramipril. What should the nurse check first, and why?";
const ANSWER_TOKENS_MAX: u32 = 160;

/// Tells the story on a running fleet.
pub(crate) async fn tell(
    fleet: &Fleet,
    layout: &Layout,
    model: &Path,
    began: Instant,
    output: &Output,
) -> Result<(), CliError> {
    let stages = Stages::since(began, output);
    stages.done("controller and agent are up, mutual TLS between them");
    let detail = verified_model(fleet, layout, model, &stages, output).await?;
    let request =
        DeployRequest { model: detail.model.digest.clone(), replicas: 1, ..DeployRequest::default() };
    deploy(&fleet.client, DEPLOYMENT, &request).await?;
    wait_ready(&fleet.client, DEPLOYMENT, output).await?;
    stages.done("deployed: the node fetched it, verified it again over the bytes it loaded, and is ready");
    let answer = question(fleet, output).await?;
    output.say(&format!("\n{}", output.paint_err(Style::Dim, &speeds(&answer))));
    proof(fleet, layout, &answer, &stages, output).await
}

/// Signs, trusts and imports the model, as far as that is not done already.
async fn verified_model(
    fleet: &Fleet,
    layout: &Layout,
    model: &Path,
    stages: &Stages<'_>,
    output: &Output,
) -> Result<ModelDetail, CliError> {
    let (private, public) = (layout.signing_key_file(), layout.public_key_file());
    let made = ensure_keys(&private, &public)?;
    stages.done(if made { "signing key made (P-256)" } else { "signing key of the last time taken" });
    let signature = signature_file(layout, model);
    let digest = sign_model(model, &private, &signature, output)?;
    stages.done(&format!("model signed: {}", short_digest(&digest)));
    trusted_or_trust(&fleet.client, &public, "quickstart").await?;
    if let Ok(known) = fleet.client.get::<ModelDetail>(&paths::model(&digest)).await {
        stages.done(&format!("{} is in the fleet already", known.model.name));
        return Ok(known);
    }
    let detail = import(&fleet.client, model, &signature, &name_for(model), output).await?;
    stages.done("imported; the controller checked it:");
    output.say(&crate::commands::passed(&detail.checks, output));
    Ok(detail)
}

fn signature_file(layout: &Layout, model: &Path) -> PathBuf {
    let mut name = model.file_name().unwrap_or_default().to_owned();
    name.push(".sig");
    layout.root().join("keys").join(name)
}

/// A model name made from the file's.
fn name_for(model: &Path) -> String {
    let stem = model.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let mut name: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).take(63).collect();
    name = name.trim_matches(['-', '.']).to_string();
    if name.is_empty() { "model".to_string() } else { name }
}

/// Asks with a key of its own, which may do nothing but ask this deployment.
async fn question(fleet: &Fleet, output: &Output) -> Result<Answer, CliError> {
    let request = NewKeyRequest {
        name: format!("quickstart-{}", jiff::Timestamp::now().as_second()),
        role: Role::Inference,
        models: vec![DEPLOYMENT.to_string()],
        valid_for_s: 24 * 3_600,
        tenant: None,
    };
    let key = create_key(&fleet.client, request).await?;
    let target = Target { key: Some(SecretString::from(key.secret)), ..fleet.client.target().clone() };
    let client = Client::new(target)?;
    let messages = [
        Message { role: "system", content: SYSTEM.to_string() },
        Message { role: "user", content: QUESTION.to_string() },
    ];
    output.say(&format!("\n{}\n{QUESTION}\n", output.paint_err(Style::Bold, "Question")));
    output.say(&output.paint_err(Style::Bold, "Answer"));
    let request = Request {
        model: DEPLOYMENT,
        messages: &messages,
        stream: true,
        stream_options: StreamOptions { include_usage: true },
        temperature: Some(0.0),
        max_tokens: Some(ANSWER_TOKENS_MAX),
        seed: Some(7),
    };
    let answer = ask(&client, &request, |piece| output.text(&crate::render::table::printable(piece))).await?;
    output.line("");
    Ok(answer)
}

/// Fetches the proof of both records and checks it as an outsider would: with the file and the key.
async fn proof(
    fleet: &Fleet,
    layout: &Layout,
    answer: &Answer,
    stages: &Stages<'_>,
    output: &Output,
) -> Result<(), CliError> {
    let record = answer
        .record
        .as_deref()
        .ok_or_else(|| CliError::new("the answer came without the id of its audit record"))?;
    let file = layout.evidence_file();
    fetch_evidence(&fleet.client, record, &file).await?;
    output.say("");
    stages.done("the two records of this answer, checked offline:");
    verify_file(&file, &fleet.audit_vkey, output)?;
    let auditor = Path::new(&invoked_as()).with_file_name("cloister-audit");
    output.say(&format!(
        "\nthe same by the outsider's program:\n  {} verify {} --key {}",
        auditor.display(),
        file.display(),
        layout.audit_vkey_file().display()
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_names_are_made_from_file_names() {
        for (file, name) in [
            ("/m/SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2-135m-instruct.q4-1"),
            ("/m/--.gguf", "model"),
            ("/m/ä b.gguf", "b"),
        ] {
            assert_eq!(name_for(Path::new(file)), name);
        }
    }
}
