//! Random numbers that are the same on every machine: ChaCha8 keyed by the seed, one stream for
//! each name, and a normal distribution that needs only arithmetic and `libm`.
//!
//! Every position of a stream can be reached directly, so a day or a minute has its numbers
//! whatever was drawn before it.
#![allow(
    clippy::excessive_precision,
    reason = "the coefficients have the digits of the publication"
)]

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// What a stream is for; streams of different purposes are independent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// The days of the market factor.
    FactorDays = 1,
    /// The minutes of the market factor.
    FactorMinutes = 2,
    /// The days of a symbol.
    Days = 3,
    /// The minutes of a symbol's days.
    Minutes = 4,
    /// The trades of a symbol's minutes.
    Trades = 5,
}

/// One stream of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct RandomStream(ChaCha8Rng);

impl RandomStream {
    /// The stream of this purpose and name; the numbers of one name depend on no other.
    pub(crate) fn new(seed: u64, purpose: Purpose, name: &str) -> Self {
        let mut key = *b"stock market, model 1 ..........";
        key[23] = purpose as u8;
        key[24..].copy_from_slice(&seed.to_le_bytes());
        let mut random = ChaCha8Rng::from_seed(key);
        random.set_stream(hash(name));
        Self(random)
    }

    /// Goes to a place: the numbers drawn next depend only on the stream and on this.
    pub(crate) fn go_to(&mut self, word: u64) {
        self.0.set_word_pos(word.into());
    }

    /// A uniform number between 0 and 1, neither of the two. Takes two words of the stream.
    pub(crate) fn unit(&mut self) -> f64 {
        ((self.0.next_u64() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// A normal number, mean 0, variance 1. Takes two words of the stream.
    pub(crate) fn normal(&mut self) -> f64 {
        normal_quantile(self.unit())
    }

    /// A factor for a normal number that makes it a Student t with 6 degrees of freedom, scaled to
    /// variance 1. Takes six words of the stream.
    pub(crate) fn student_scale(&mut self) -> f64 {
        // Chi squared with 6 degrees of freedom is the sum of three exponentials.
        let product = self.unit() * self.unit() * self.unit();
        (4.0 / (-2.0 * libm::log(product))).sqrt()
    }
}

/// FNV-1a, 64 bits: the same for a name everywhere and for ever.
pub(crate) fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The normal quantile of a probability between 0 and 1: algorithm AS 241 (PPND16) of M. J.
/// Wichura, Applied Statistics 37 (1988), accurate to about 1 part in 10^16.
fn normal_quantile(probability: f64) -> f64 {
    let distance = probability - 0.5;
    if distance.abs() <= 0.425 {
        let r = 0.180625 - distance * distance;
        return distance * ratio(r, &CENTRE);
    }
    let tail = if distance < 0.0 {
        probability
    } else {
        1.0 - probability
    };
    let r = (-libm::log(tail)).sqrt();
    let size = if r <= 5.0 {
        ratio(r - 1.6, &TAIL)
    } else {
        ratio(r - 5.0, &FAR_TAIL)
    };
    if distance < 0.0 { -size } else { size }
}

/// A polynomial of degree 7 over another one, coefficients from the highest power down.
struct Rational {
    over: [f64; 8],
    under: [f64; 8],
}

fn ratio(r: f64, rational: &Rational) -> f64 {
    let value = |coefficients: &[f64; 8]| coefficients.iter().fold(0.0, |sum, c| sum * r + c);
    value(&rational.over) / value(&rational.under)
}

const CENTRE: Rational = Rational {
    over: [
        2.509_080_928_730_122_672_7e3,
        3.343_057_558_358_812_810_5e4,
        6.726_577_092_700_870_085_3e4,
        4.592_195_393_154_987_145_7e4,
        1.373_169_376_550_946_112_5e4,
        1.971_590_950_306_551_442_7e3,
        1.331_416_678_917_843_774_5e2,
        3.387_132_872_796_366_608,
    ],
    under: [
        5.226_495_278_852_854_561e3,
        2.872_908_573_572_194_267_4e4,
        3.930_789_580_009_271_061e4,
        2.121_379_430_158_659_586_7e4,
        5.394_196_021_424_751_107_7e3,
        6.871_870_074_920_579_083e2,
        4.231_333_070_160_091_125_2e1,
        1.0,
    ],
};

const TAIL: Rational = Rational {
    over: [
        7.745_450_142_783_414_076_4e-4,
        2.272_384_498_926_918_458_33e-2,
        2.417_807_251_774_506_117_7e-1,
        1.270_458_252_452_368_382_58,
        3.647_848_324_763_204_605_04,
        5.769_497_221_460_691_405_5,
        4.630_337_846_156_545_295_9,
        1.423_437_110_749_683_577_34,
    ],
    under: [
        1.050_750_071_644_416_843_24e-9,
        5.475_938_084_995_344_946e-4,
        1.519_866_656_361_645_719_66e-2,
        1.481_039_764_274_800_745_9e-1,
        6.897_673_349_851_000_045_5e-1,
        1.676_384_830_183_803_849_4,
        2.053_191_626_637_758_821_87,
        1.0,
    ],
};

const FAR_TAIL: Rational = Rational {
    over: [
        2.010_334_399_292_288_132_65e-7,
        2.711_555_568_743_487_578_15e-5,
        1.242_660_947_388_078_438_6e-3,
        2.653_218_952_657_612_309_3e-2,
        2.965_605_718_285_048_912_3e-1,
        1.784_826_539_917_291_335_8,
        5.463_784_911_164_114_369_9,
        6.657_904_643_501_103_777_2,
    ],
    under: [
        2.044_263_103_389_939_785_64e-15,
        1.421_511_758_316_445_888_7e-7,
        1.846_318_317_510_054_681_8e-5,
        7.868_691_311_456_132_591e-4,
        1.487_536_129_085_061_485_25e-2,
        1.369_298_809_227_358_053_1e-1,
        5.998_322_065_558_879_376_9e-1,
        1.0,
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_fixed_and_differ() {
        let draw = |seed, purpose, name: &str| RandomStream::new(seed, purpose, name).0.next_u64();
        let first = draw(7, Purpose::Days, "HSI");
        assert_eq!(first, 16_471_455_578_478_230_020);
        assert_ne!(first, draw(8, Purpose::Days, "HSI"));
        assert_ne!(first, draw(7, Purpose::Minutes, "HSI"));
        assert_ne!(first, draw(7, Purpose::Days, "NYA"));
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_place_has_its_numbers_whatever_was_drawn_before() {
        let mut stream = RandomStream::new(7, Purpose::Days, "HSI");
        stream.go_to(1000);
        let (a, b) = (stream.unit(), stream.unit());
        stream.go_to(1002);
        assert_eq!(stream.unit(), b);
        stream.go_to(1000);
        assert_eq!(stream.unit(), a);
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (probability, expected) in [
            (0.5, 0.0),
            (0.25, -0.674_489_750_196_081_7),
            (0.975, 1.959_963_984_540_054),
            (0.001, -3.090_232_306_167_813_5),
            (1e-20, -9.262_340_089_798_408),
        ] {
            let found = normal_quantile(probability);
            assert!((found - expected).abs() < 1e-13, "{probability}: {found}");
        }
    }

    #[test]
    fn the_moments_are_those_of_the_distributions() {
        let mut stream = RandomStream::new(1, Purpose::Days, "moments");
        let count = 200_000;
        let mut moments = |draw: fn(&mut RandomStream) -> f64| {
            let numbers: Vec<f64> = (0..count).map(|_| draw(&mut stream)).collect();
            let moment =
                |power| numbers.iter().map(|x| x.powi(power)).sum::<f64>() / f64::from(count);
            [moment(1), moment(2), moment(4)]
        };
        let [mean, variance, fourth] = moments(RandomStream::normal);
        assert!(
            mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02,
            "{mean} {variance}"
        );
        assert!((fourth - 3.0).abs() < 0.1, "{fourth}");
        let [mean, variance, fourth] = moments(|stream| stream.student_scale() * stream.normal());
        assert!(
            mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02,
            "{mean} {variance}"
        );
        assert!(fourth > 4.5, "{fourth}");
    }
}
