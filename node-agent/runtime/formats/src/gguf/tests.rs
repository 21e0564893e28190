use super::*;
use crate::quant::TensorType;
use crate::testing::{GgufWriter, TinyLlama};
use std::error::Error as _;

const ONE: TensorType = TensorType::F32;

fn small() -> Vec<u8> {
    let mut writer = GgufWriter::new();
    writer.set("general.architecture", Value::String("llama".into()));
    writer.set("numbers", Value::Array(Array::U32(vec![1, 2, 3])));
    writer.set("words", Value::Array(Array::String(vec!["a".into(), "bc".into()])));
    writer.set("flag", Value::Bool(true));
    writer.tensor("first", &[4, 2], ONE, vec![0; 32]);
    writer.tensor("second", &[32], TensorType::Q8_0, vec![0; 34]);
    writer.finish()
}

fn refused(bytes: &[u8]) -> String {
    Gguf::parse(bytes).expect_err("must be refused").to_string()
}

/// `file` with the bytes at `at` replaced.
fn patched(file: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

/// Where `needle` ends in `file`.
fn after(file: &[u8], needle: &[u8]) -> usize {
    file.windows(needle.len()).position(|w| w == needle).expect("needle is there") + needle.len()
}

#[test]
fn what_was_written_is_read() {
    let file = small();
    let gguf = Gguf::parse(&file).unwrap();
    assert_eq!(gguf.version(), 3);
    assert_eq!(gguf.require::<&str>("general.architecture").unwrap(), "llama");
    assert_eq!(gguf.require::<&[u32]>("numbers").unwrap(), [1, 2, 3]);
    assert_eq!(gguf.require::<&[String]>("words").unwrap(), ["a", "bc"]);
    assert!(gguf.require::<bool>("flag").unwrap());
    let second = gguf.tensor("second").unwrap();
    assert_eq!((second.ty, second.size_bytes, second.weights()), (TensorType::Q8_0, 34, 32));
    assert_eq!(second.offset_bytes + second.size_bytes, file.len() as u64);
    assert_eq!(gguf.tensor("third"), None);
}

#[test]
fn every_kind_of_value_survives() {
    let values = [
        Value::U8(250),
        Value::I8(-3),
        Value::U16(65_000),
        Value::I16(-300),
        Value::U32(4_000_000_000),
        Value::I32(-70_000),
        Value::F32(0.5),
        Value::Bool(false),
        Value::String("κλείς".into()),
        Value::U64(u64::MAX),
        Value::I64(i64::MIN),
        Value::F64(-2.5),
        Value::Array(Array::F64(vec![1.0, 2.0])),
        Value::Array(Array::Array(vec![Array::U8(vec![1]), Array::Bool(vec![true, false])])),
    ];
    for value in values {
        let file = GgufWriter::new().set("key", value.clone()).finish();
        assert_eq!(Gguf::parse(&file).unwrap().get("key"), Some(&value));
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let file = small();
    for len in 0..file.len() {
        let error = Gguf::parse(&file[..len]).expect_err("cut file");
        let expected = matches!(error, GgufError::Truncated { .. } | GgufError::OutOfBounds { .. });
        assert!(expected, "cut at {len}: {error}");
    }
}

#[test]
fn damaged_headers_are_refused_with_their_reason() {
    let file = small();
    let huge = u64::MAX.to_le_bytes();
    let key = after(&file, b"GGUF") + 20;
    let number_count = after(&file, b"numbers") + 8;
    let cases = [
        ("wrong magic", patched(&file, 0, b"GGML"), "not a GGUF file"),
        ("version 1", patched(&file, 4, &1_u32.to_le_bytes()), "version 1 is not supported"),
        ("big-endian", patched(&file, 4, &3_u32.to_be_bytes()), "big-endian"),
        ("tensor count", patched(&file, 8, &huge), "tensor count is 18446744073709551615"),
        (
            "tensor count beyond the file",
            patched(&file, 8, &60_000_u64.to_le_bytes()),
            "the file ends inside",
        ),
        ("metadata count", patched(&file, 16, &huge), "metadata count is"),
        ("key length", patched(&file, key, &huge), "the file ends inside metadata key"),
        ("array length", patched(&file, number_count, &huge), "numbers is 18446744073709551615"),
        ("array beyond the file", patched(&file, number_count, &90_u64.to_le_bytes()), "ends inside numbers"),
        ("value type", patched(&file, number_count - 8, &99_u32.to_le_bytes()), "unknown value type 99"),
        ("boolean", patched(&file, after(&file, b"flag") + 4, &[2]), "a boolean with value 2"),
        ("not UTF-8", patched(&file, after(&file, b"llam"), &[0xff]), "not valid UTF-8"),
    ];
    for (name, file, reason) in cases {
        let error = refused(&file);
        assert!(error.contains(reason), "{name}: {error}");
    }
}

#[test]
fn damaged_tensor_tables_are_refused_with_their_reason() {
    let file = small();
    let entry = after(&file, b"second");
    let wide = (1_u64 << 62).to_le_bytes();
    let first = after(&file, b"first") + 4;
    let both = patched(&patched(&file, first, &wide), first + 8, &wide);
    let cases = [
        ("no dimension", patched(&file, entry, &0_u32.to_le_bytes()), "has 0 dimensions"),
        ("five dimensions", patched(&file, entry, &5_u32.to_le_bytes()), "has 5 dimensions"),
        (
            "zero dimension",
            patched(&file, entry + 4, &0_u64.to_le_bytes()),
            "\"second\" has a dimension of zero",
        ),
        ("partial block", patched(&file, entry + 4, &31_u64.to_le_bytes()), "no whole number of Q8_0 blocks"),
        ("overflowing size", both, "the size of tensor \"first\" overflows"),
        (
            "unknown type",
            patched(&file, entry + 12, &4242_u32.to_le_bytes()),
            "\"second\" has type unknown (number 4242)",
        ),
        ("type we cannot run", patched(&file, entry + 12, &13_u32.to_le_bytes()), "Q5_K (number 13)"),
        (
            "misaligned",
            patched(&file, entry + 16, &33_u64.to_le_bytes()),
            "not a multiple of the alignment 32",
        ),
        ("outside", patched(&file, entry + 16, &3200_u64.to_le_bytes()), "lies outside the file"),
        ("overflowing end", patched(&file, entry + 16, &(u64::MAX - 31).to_le_bytes()), "overflows"),
    ];
    for (name, file, reason) in cases {
        let error = refused(&file);
        assert!(error.contains(reason), "{name}: {error}");
    }
}

#[test]
fn names_that_appear_twice_are_refused() {
    let mut writer = GgufWriter::new();
    writer.tensor("same", &[1], ONE, vec![0; 4]).tensor("same", &[1], ONE, vec![0; 4]);
    assert!(refused(&writer.finish()).contains("tensor \"same\" appears twice"));
    let mut file = GgufWriter::new().set("aaaa", Value::U8(1)).set("bbbb", Value::U8(2)).finish();
    let at = after(&file, b"bbb") - 3;
    file[at..at + 4].copy_from_slice(b"aaaa");
    assert!(refused(&file).contains("metadata key \"aaaa\" appears twice"));
}

#[test]
fn odd_alignments_are_refused_and_declared_ones_obeyed() {
    for bad in [Value::U32(0), Value::U32(48), Value::U32(1 << 20), Value::String("32".into())] {
        let file = GgufWriter::new().set("general.alignment", bad).finish();
        assert!(refused(&file).contains("general.alignment is"));
    }
    let mut writer = GgufWriter::new();
    writer.set("general.alignment", Value::U32(32)).tensor("t", &[1], ONE, vec![0; 4]);
    assert_eq!(Gguf::parse(&writer.finish()).unwrap().data_offset() % 32, 0);
}

#[test]
fn arrays_nested_too_deeply_are_refused() {
    let mut array = Array::U8(vec![1]);
    for _ in 0..3 {
        array = Array::Array(vec![array]);
    }
    let file = GgufWriter::new().set("deep", Value::Array(array)).finish();
    assert!(refused(&file).contains("array nesting"));
}

#[test]
fn values_of_another_type_are_named() {
    let file = small();
    let gguf = Gguf::parse(&file).unwrap();
    let error = gguf.require::<u32>("general.architecture").unwrap_err().to_string();
    assert!(error.contains("the string \"llama\"; a non-negative 32-bit integer expected"), "{error}");
    let error = gguf.require::<u32>("absent").unwrap_err().to_string();
    assert!(error.contains("\"absent\" is missing"), "{error}");
    assert_eq!(gguf.get_as::<u32>("absent").unwrap(), None);
}

#[test]
fn a_failing_device_is_reported_as_such() {
    struct Broken;
    impl ByteSource for Broken {
        fn len_bytes(&self) -> u64 {
            1 << 20
        }
        fn read_at(&self, _: u64, _: &mut [u8]) -> std::io::Result<()> {
            Err(std::io::Error::other("bad sector"))
        }
    }
    let error = Gguf::parse(&Broken).unwrap_err();
    assert!(error.to_string().contains("bad sector") && error.source().is_some());
}

mod random {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Any damage gives an error or a file whose every tensor is still inside it; never a panic.
        #[test]
        fn damage_never_panics(
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
            cut in any::<prop::sample::Index>(),
            shorten: bool,
        ) {
            let mut file = TinyLlama { layers: 1, vocab: 258, ..TinyLlama::default() }.gguf();
            // Damage to weights is no concern of a parser: aim at the first 12 KiB.
            for (index, byte) in edits {
                let at = index.index(file.len().min(12 * 1024));
                file[at] = byte;
            }
            if shorten {
                file.truncate(cut.index(file.len()));
            }
            if let Ok(gguf) = Gguf::parse(&file) {
                for tensor in gguf.tensors() {
                    prop_assert!(tensor.offset_bytes + tensor.size_bytes <= file.len() as u64);
                }
                let _ = crate::model::ModelConfig::from_gguf(&gguf);
            }
        }

        /// Random numbers where counts, lengths and offsets are: the edits that hurt most.
        #[test]
        fn random_integers_never_panic(at in 4_usize..2_000, value: u64, small in any::<bool>()) {
            let file = TinyLlama::default().gguf();
            let value = if small { value % 1_000 } else { value };
            let _ = Gguf::parse(&patched(&file, at, &value.to_le_bytes()));
        }
    }
}
